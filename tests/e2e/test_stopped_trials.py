"""SetTrialStatus of mushir-medianstop: what arrives at the Kubernetes API, whatever that API and the caller do; and whole experiments whose
jobs are not retained, which end with it and hang without."""
import json
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request

import grpc
import pytest

from conftest import ROOT, experiment, pb2, request, trial
from katib_cluster import ZERO, DBManager, KubernetesAPI, needs_openssl
from test_medianstop import STOPPING, ended, rules, rules_request

pytestmark = needs_openssl
NOW = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def cluster(tmp_path):
    """(KubernetesAPI, DBManager)"""
    played = KubernetesAPI(tmp_path), DBManager()
    yield played
    for part in played:
        part.stop()


def start(start_service, cluster, *flags):
    api, db = cluster
    return start_service("medianstop", *api.flags(), "--db-manager", db.address, *flags, env=api.environment())


@pytest.fixture
def service(start_service, cluster):
    return start(start_service, cluster)


def stop(service, name, timeout=60):
    assert service.call(STOPPING + "SetTrialStatus", pb2.SetTrialStatusRequest(trial_name=name), timeout) == b""


def refused(service, name):
    with pytest.raises(grpc.RpcError) as caught:
        stop(service, name)
    return caught.value.code().name, caught.value.details()


def stops_of(trial):
    return [c for c in trial["status"]["conditions"] if c["type"] == "EarlyStopped"]


# ---- the patch ----


def test_what_is_written(service, cluster):
    api, db = cluster
    api.create("t-1", strategies=[("loss", "min"), ("accuracy", "max"), ("genotype", "latest"), ("never", "min")], huge="x" * 1_000_000)
    api.change("t-1")
    before = api.trials["t-1"]
    db.report("t-1", [".5", "unavailable", "1e-1", "2", "1e-1"])
    db.report("t-1", [1, "nan", 3], "accuracy")
    db.report("t-1", ["[a, b]"], "genotype")
    db.report("t-1", [9], "not asked for")
    stop(service, "t-1")
    [(name, patch)] = api.patches
    now = patch["status"]["completionTime"]
    assert NOW.fullmatch(now)
    assert json.dumps(patch) == json.dumps({  # and in this order
        "metadata": {"resourceVersion": "2"},
        "status": {
            "conditions": before["status"]["conditions"] + [
                {"type": "EarlyStopped", "status": "True", "reason": "TrialEarlyStopped", "message": "Trial is early stopped",
                 "lastUpdateTime": now, "lastTransitionTime": now}],
            "observation": {"metrics": [
                {"name": "loss", "min": "1e-1", "max": "2", "latest": "1e-1"},
                {"name": "accuracy", "min": "1", "max": "3", "latest": "3"},
                {"name": "genotype", "min": "unavailable", "max": "unavailable", "latest": "[a, b]"},
                {"name": "never", "min": "unavailable", "max": "unavailable", "latest": "unavailable"}]},
            "completionTime": now}})
    assert api.trials["t-1"]["metadata"]["huge"] == before["metadata"]["huge"]


def test_once_is_enough(service, cluster):
    api, db = cluster
    api.create("t-1")
    db.report("t-1", [1, 2])
    for _ in range(3):
        stop(service, "t-1")
    assert len(api.patches) == 1 and len(stops_of(api.trials["t-1"])) == 1


def test_what_the_trial_has_stays(service, cluster):
    """Marked by Katib's own service, without an observation: that, and the time, are added, and nothing else."""
    api, db = cluster
    api.create("t-1")
    old = {"type": "EarlyStopped", "status": "True", "reason": "TrialEarlyStopped", "message": "before"}
    api.change("t-1", conditions=[old])
    db.report("t-1", [1, 2])
    stop(service, "t-1")
    assert sorted(api.patches[0][1]["status"]) == ["completionTime", "observation"] and api.trials["t-1"]["status"]["conditions"] == [old]
    api.create("t-2")
    seen = {"metrics": [{"name": "loss", "min": "7", "max": "7", "latest": "7"}]}
    api.change("t-2", observation=seen, completionTime="2026-01-01T00:00:00Z")
    db.report("t-2", [1, 2])
    stop(service, "t-2")
    assert list(api.patches[1][1]["status"]) == ["conditions"] and api.trials["t-2"]["status"]["observation"] == seen


def test_without_reports_the_trial_is_still_marked(start_service, cluster):
    api, db = cluster
    api.create("t-1")
    api.create("t-2")
    stop(start(start_service, cluster), "t-1")
    stop(start(start_service, cluster, "--db-manager", "127.0.0.1:1"), "t-2")
    for name in "t-1", "t-2":
        assert len(stops_of(api.trials[name])) == 1 and "observation" not in api.trials[name]["status"]


def test_the_database_that_a_request_for_rules_named_is_asked(start_service, cluster):
    api, db = cluster
    service = start(start_service, cluster, "--db-manager", "127.0.0.1:1")
    api.create("t-1")
    db.report("t-1", [1, 2])
    assert rules(service, db.address, []) == []
    stop(service, "t-1")
    assert api.trials["t-1"]["status"]["observation"]["metrics"][0]["latest"] == "2"


# ---- what the API does ----


def once(answer, wanted):
    """|answer| to the first request with the method |wanted|."""
    left = [answer]
    return lambda method, name: left.pop() if method == wanted and left else None


def test_another_writer(service, cluster):
    api, db = cluster
    api.create("t-1")
    db.report("t-1", [1])
    conflicts = [api.change] * 5
    api.before = lambda method, name: conflicts.pop()(name, retries=len(conflicts)) if method == "PATCH" and conflicts else None
    stop(service, "t-1")
    assert len(api.patches) == 6 and len(stops_of(api.trials["t-1"])) == 1 and api.trials["t-1"]["status"]["retries"] == 0


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("answer", [500, 429, 503, "close"])
def test_it_is_tried_again(service, cluster, method, answer):
    api, db = cluster
    api.create("t-1")
    db.report("t-1", [1])
    api.before = once(answer, method)
    stop(service, "t-1")
    assert len(stops_of(api.trials["t-1"])) == 1


def test_an_answer_that_breaks_off_after_the_patch_was_made(service, cluster):
    api, db = cluster
    api.create("t-1")
    db.report("t-1", [1])
    answer, broken = api.answer, []

    def break_off(method, *args):
        code, found = answer(method, *args)
        if method == "PATCH" and not broken:
            broken.append(1)
            return "close", found
        return code, found
    api.answer = break_off
    stop(service, "t-1")
    assert len(api.patches) == 1 and len(stops_of(api.trials["t-1"])) == 1


def test_forbidden_and_missing(service, cluster):
    api, _ = cluster
    api.create("t-1")
    api.before = lambda method, name: 403 if method == "PATCH" else None
    code, text = refused(service, "t-1")
    assert code == "PERMISSION_DENIED" and "trials/status" in text and "Role" in text and "fault 403" in text
    api.before = lambda method, name: None
    code, text = refused(service, "nobody")
    assert code == "NOT_FOUND" and '"nobody" not found' in text
    for name in "", "../../secrets", "A", "a/b", "a?b", "a\n", ".", "x" * 254:
        assert refused(service, name)[0] == "INVALID_ARGUMENT"
    assert not api.patches and not stops_of(api.trials["t-1"])


def test_tokens_are_read_again(service, cluster):
    api, _ = cluster
    api.create("t-1")
    api.create("t-2")
    stop(service, "t-1")
    api.rotate("second")
    stop(service, "t-2")
    assert api.tokens == ["Bearer first"] * 2 + ["Bearer second"] * 2


def test_another_server_gets_no_token(start_service, cluster):
    """One whose certificate another authority has signed; nor is anything sent without an authority."""
    api, _ = cluster
    api.create("t-1")
    (api.account / "ca.crt").write_text(api.stranger.read_text())
    service = start(start_service, cluster)
    with pytest.raises(grpc.RpcError):
        stop(service, "t-1", timeout=3)
    (api.account / "ca.crt").write_text("nothing")
    assert refused(service, "t-1")[0] == "FAILED_PRECONDITION"
    (api.account / "ca.crt").unlink()
    code, text = refused(service, "t-1")
    assert code == "FAILED_PRECONDITION" and "ca.crt: No such file" in text
    assert api.tokens == []


def test_outside_of_a_cluster(start_service):
    service = start_service("medianstop", env={"KUBERNETES_SERVICE_HOST": ""})
    assert refused(service, "t-1") == ("FAILED_PRECONDITION", "no Kubernetes API is known: KUBERNETES_SERVICE_HOST is not set")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"kind": "List"}', '{"metadata": {"resourceVersion": 1}}'])
def test_answers_that_are_no_trial(service, cluster, body):
    api, _ = cluster
    api.create("t-1")
    api.answer = lambda *args: (200, json.loads(body) if body in ("[]", '{"kind": "List"}') else body)
    assert refused(service, "t-1")[0] == "INTERNAL"


# ---- what the caller does ----


def test_slow_answers_hold_up_nothing_else(service, cluster):
    """Rules are given while two stops wait for the API."""
    api, db = cluster
    gate, waiting = threading.Event(), threading.Semaphore(0)
    api.before = lambda method, name: waiting.release() or gate.wait(60) and None
    calls = []
    for name in "t-1", "t-2":
        api.create(name)
        calls.append(service.channel.unary_unary(STOPPING + "SetTrialStatus").future(
            pb2.SetTrialStatusRequest(trial_name=name).SerializeToString(), timeout=60))
    for _ in calls:
        assert waiting.acquire(timeout=60)
    assert rules(service, db.address, [ended("a")]) == []
    assert not any(call.done() for call in calls)  # nothing is said before the API has answered
    gate.set()
    assert [call.result() for call in calls] == [b"", b""]


CALLER = """
import sys, time
import grpc
calls = []
for first in range(2, len(sys.argv), 25):  # a connection carries few more calls at a time
    channel = grpc.insecure_channel(sys.argv[1], [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)])
    calls += [channel.unary_unary("/api.v1.beta1.EarlyStopping/SetTrialStatus").future(b"\\x0a" + bytes([len(n)]) + n.encode())
              for n in sys.argv[first:first + 25]]
    calls.append(channel)
    channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
print("sent", flush=True)  # what the connection carried before the answer has been read
time.sleep(600)
"""


def stops_at(port):
    """(under way, answered)"""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
    counts = [re.findall(pattern, page, re.M) for pattern in (r"^mushir_(?:queue_depth|requests_running)\S* (\d+)$",
                                                             r"^mushir_requests_total\{.*SetTrialStatus.* (\d+)$")]
    return tuple(sum(map(int, found)) for found in counts)


def test_a_caller_that_is_killed_loses_no_stop(start_service, cluster):
    """1,000 stops in ten rounds; SIGKILL hits each caller while all its stops are under way."""
    api, db = cluster
    service = start(start_service, cluster, "--admin-port", "0", "--queue", "120")
    while "admin_port=" not in service.log_text():
        time.sleep(0.02)
    port = int(re.search(r"admin_port=(\d+)", service.log_text())[1])
    rounds, each, alive = 10, 100, 0
    for number in range(rounds):
        names = [f"t-{number}-{i}" for i in range(each)]
        for name in names:
            api.create(name)
            db.report(name, [1, 2])
        gate = threading.Event()
        api.before = lambda method, name: gate.wait(2) and None
        caller = subprocess.Popen([sys.executable, "-c", CALLER, service.address, *names], stdout=subprocess.PIPE)
        assert caller.stdout.readline() == b"sent\n"
        seen = 0
        while seen < 2:  # one that is just being answered is counted twice, for a moment
            time.sleep(0.05)
            seen = seen + 1 if sum(stops_at(port)) >= (number + 1) * each else 0
        caller.kill()
        caller.communicate()
        alive += (number + 1) * each - stops_at(port)[1]
        gate.set()
        while stops_at(port)[1] < (number + 1) * each:
            time.sleep(0.05)
    assert alive > rounds * each / 2  # most were still to be done
    stopped = [t for t in api.trials.values() if len(stops_of(t)) == 1 and t["status"]["observation"]["metrics"][0]["min"] == "1"]
    assert len(stopped) == rounds * each


# ---- whole experiments ----


class Katib:
    """Katib's controllers and the collector's side-car, as far as they matter to early stopping, for jobs that are not retained: the job of a
    stopped trial is deleted before its observation is read (trial_controller.go), a stopped trial without observation is not sent to services
    (suggestionclient.go) and holds back one request (experiment_controller.go)."""

    EPOCHS = 6

    def __init__(self, api, db, suggestion, stopping, mark, parallel, most):
        self.api, self.db, self.suggestion, self.stopping, self.mark = api, db, suggestion, stopping, mark
        self.parallel, self.most, self.suggestions, self.running = parallel, most, [], {}
        self.rng = random.Random(parallel)
        self.experiment = experiment("random", [("x", "double", {"min": 0, "max": 1})], {"random_state": 1})
        self.experiment.spec.parallel_trial_count, self.experiment.spec.max_trial_count = parallel, most
        self.rule_request = rules_request(db.address, [], "percentilestop", percentile=50, grace=2, min_trials_required=2)

    def has(self, name, condition):
        return any(c["type"] == condition for c in self.api.trials[name]["status"]["conditions"])

    def observation(self, name):
        return self.api.trials[name]["status"].get("observation")

    def ended(self):
        return [name for name in self.api.trials if self.has(name, "Succeeded") or self.has(name, "EarlyStopped")]

    def sent_trials(self):
        for name, _, _ in self.suggestions:
            if name in self.running or (self.has(name, "EarlyStopped") and not self.observation(name)):
                continue
            sent = trial(name, [("x", dict((n, x) for n, x, _ in self.suggestions)[name])], self.observation(name)["metrics"][0]["min"])
            last = self.api.trials[name]["status"]["conditions"][-1]["type"]
            sent.status.condition = pb2.TrialStatus.EARLYSTOPPED if last == "EarlyStopped" else pb2.TrialStatus.SUCCEEDED
            yield sent

    def reconcile(self):
        """As the experiment's and the suggestion's controllers do; false when nothing is added."""
        add = min(self.most - len(self.ended()), self.parallel) - len(self.running)
        withheld = sum(self.has(name, "EarlyStopped") and not self.observation(name) for name in self.api.trials)
        wanted = len(self.api.trials) + add - withheld - len(self.suggestions)
        if add <= 0 or wanted <= 0:
            return False
        trials = list(self.sent_trials())
        reply = self.suggestion.suggest(request(self.experiment, trials, wanted, len(self.suggestions) + wanted))
        del self.rule_request.trials[:]
        self.rule_request.trials.extend(trials)
        given = pb2.GetEarlyStoppingRulesReply.FromString(self.stopping.call(STOPPING + "GetEarlyStoppingRules", self.rule_request))
        for assigned in reply.parameter_assignments:
            name = f"e-{len(self.suggestions)}"
            self.suggestions.append((name, assigned.assignments[0].value, list(given.early_stopping_rules)))
            self.api.create(name)
            self.running[name] = []
        return True

    def train(self):
        """One epoch of every running trial, watched by its side-car."""
        for name, x, given in self.suggestions:
            values = self.running.get(name)
            if values is None:
                continue
            values.append(round(float(x) + 1 / (len(values) + 1) + self.rng.uniform(0, 0.05), 6))
            if any(len(values) == r.start_step and min(values) > float(r.value) for r in given):
                self.db.report(name, values)
                self.mark(name)
                del self.running[name]
            elif len(values) == self.EPOCHS:
                self.db.report(name, values)
                done = {"type": "Succeeded", "status": "True"}
                text = {"name": "loss", "min": str(min(values)), "max": str(max(values)), "latest": str(values[-1])}
                self.api.change(name, conditions=self.api.trials[name]["status"]["conditions"] + [done], observation={"metrics": [text]})
                del self.running[name]

    def run(self):
        """Until the experiment has ended (true), or nothing runs and nothing is added (false)."""
        while len(self.ended()) < self.most:
            if not self.reconcile() and not self.running:
                return False
            self.train()
        return True


def katibs_own(api):
    """SetTrialStatus as Katib's service does it: the condition alone."""
    def mark(name):
        api.change(name, conditions=api.trials[name]["status"]["conditions"] + [{"type": "EarlyStopped", "status": "True"}])
    return mark


@pytest.mark.parametrize("parallel", [1, 3, 8])
@pytest.mark.parametrize("ours", [True, False], ids=["mushir", "katib"])
def test_experiments_end_without_retained_jobs(start_service, cluster, parallel, ours):
    api, db = cluster
    stopping = start(start_service, cluster)
    mark = (lambda name: stop(stopping, name)) if ours else katibs_own(api)
    katib = Katib(api, db, start_service("random"), stopping, mark, parallel, 60)
    ended = katib.run()
    stopped = [name for name in api.trials if katib.has(name, "EarlyStopped")]
    if ours:
        assert ended and len(api.trials) == 60 and len(stopped) >= 0.3 * 60
        assert all(katib.observation(name) for name in stopped)
    else:  # each stop withholds one request for ever
        assert not ended and len(stopped) == parallel and not katib.running
