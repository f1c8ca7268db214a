"""Hyperband to the end of an experiment, the way a controller drives it: trials fail, every request comes twice, and the service is killed
between question and answer. Never a wrong count, never a stall, and a repeated request gets the same bytes."""
import random
import signal

import grpc
import pytest

from conftest import PREFIX, Service, experiment, pairs, pb2, request, trial

PARAMETERS = [
    ("--lr", "double", {"min": "0.01", "max": "0.03"}),
    ("--num-layers", "int", {"min": "2", "max": "5"}),
    ("--optimizer", "categorical", {"list": ["sgd", "adam", "ftrl"]}),
    ("--num-epochs", "int", {"min": "1", "max": "9"}),
]
METRIC, MAX_TRIALS, KILLS = "Validation-accuracy", 60, 10


def hyperband(parallel, **settings):
    e = experiment("hyperband", PARAMETERS, {"resource_name": "--num-epochs", "eta": "3", "r_l": "9", **settings}, name=f"hyperband-{parallel}", maximize=True)
    e.spec.objective.objective_metric_name, e.spec.objective.goal = METRIC, 0.99
    e.spec.parallel_trial_count, e.spec.max_trial_count = parallel, MAX_TRIALS
    return e


def accuracy(assignments, rng):
    v = dict(assignments)
    quality = 0.9 - 300 * (float(v["--lr"]) - 0.02) ** 2 - 0.02 * abs(int(v["--num-layers"]) - 4) - 0.03 * (v["--optimizer"] == "ftrl")
    return quality - 0.3 / int(v["--num-epochs"]) + rng.gauss(0, 0.002)


class Killable:
    """A service that is killed now and then between a question and its answer, and started again."""

    def __init__(self):
        self.service, self.kills = Service("hyperband"), 0

    def ask(self, r, kill):
        if kill:
            call = self.service.channel.unary_unary(PREFIX + "GetSuggestions").future(r.SerializeToString(), timeout=60)
            self.service.process.send_signal(signal.SIGKILL)
            try:
                call.result()
            except grpc.RpcError:
                pass  # the answer may have been faster, and is lost all the same
            self.service.stop(signal.SIGKILL)
            self.service, self.kills = Service("hyperband"), self.kills + 1
        return self.service.call("GetSuggestions", r)


class Budget:
    """Says yes for the listed totals until it has done so often enough."""

    def __init__(self, totals, most):
        self.totals, self.left = set(totals), most

    def __contains__(self, total):
        if self.left == 0 or total not in self.totals:
            return False
        self.left -= 1
        return True


def store_settings(e, reply):
    """What Katib's controller does with reply.algorithm: merge it and send it with the next request."""
    have = {s.name: s for s in e.spec.algorithm.algorithm_settings}
    for s in reply.algorithm.algorithm_settings:
        if s.name in have:
            have[s.name].value = s.value
        else:
            e.spec.algorithm.algorithm_settings.add(name=s.name, value=s.value)


def finish_some(trials, running, rng, failing):
    """At least one running trial ends; a share of them fails."""
    for name in rng.sample(sorted(running), rng.randint(1, len(running))):
        assignments = running.pop(name)
        failed = rng.random() < failing
        condition = pb2.TrialStatus.FAILED if failed else pb2.TrialStatus.SUCCEEDED
        trials[name] = trial(name, assignments, None if failed else accuracy(assignments, rng), condition, len(trials), METRIC)


def run(killable, parallel, kill_at, **settings):
    """The whole experiment; its trials by name."""
    e, rng, trials, running, requested = hyperband(parallel, **settings), random.Random(parallel), {}, {}, 0
    killable.service.validate(e)
    while len(trials) < MAX_TRIALS or running:
        wanted = min(parallel - len(running), MAX_TRIALS - len(trials))
        if wanted > 0:
            requested += wanted
            seen = list(trials.values())
            rng.shuffle(seen)
            r = request(e, seen, wanted, requested)
            raw = killable.ask(r, requested in kill_at)
            rng.shuffle(seen)
            again = killable.ask(request(e, seen, wanted, requested), False)
            assert again == raw
            reply = pb2.GetSuggestionsReply.FromString(raw)
            assert len(reply.parameter_assignments) == wanted
            store_settings(e, reply)
            for assignments in pairs(reply):
                assert [k for k, _ in assignments] == [p[0] for p in PARAMETERS]
                name = f"trial-{len(trials):03d}"
                running[name], trials[name] = assignments, trial(name, assignments)
        finish_some(trials, running, rng, 0.2)
    return trials


@pytest.mark.parametrize("parallel, sampler", [(1, None), (4, None), (9, None), (4, "tpe"), (4, "random")])
def test_an_experiment_runs_to_its_end(parallel, sampler):
    killable = Killable()
    try:
        # A request is known by the total it asks for; with several at a time not every total occurs, so more are listed than are needed.
        totals = sorted(random.Random(7).sample(range(1, MAX_TRIALS + 1), MAX_TRIALS if parallel > 1 else KILLS))
        kill_at = Budget(totals, KILLS)
        trials = run(killable, parallel, kill_at, **({"sampler": sampler} if sampler else {}))
    finally:
        killable.service.stop(signal.SIGKILL)
    assert killable.kills == KILLS
    assert len(trials) == MAX_TRIALS
    texts = [tuple((a.name, a.value) for a in t.spec.parameter_assignments.assignments) for t in trials.values()]
    assert len(set(texts)) == MAX_TRIALS  # no assignment twice
    rungs = {r: sum(dict(t)["--num-epochs"] == r for t in texts) for r in ("1", "3", "9")}
    assert sum(rungs.values()) == MAX_TRIALS and all(n >= 3 for n in rungs.values()), rungs


def promoted_from(trials):
    """Configurations at 3 epochs that had been tried at 1."""
    at = {"1": set(), "3": set(), "9": set()}
    for t in trials.values():
        v = {a.name: a.value for a in t.spec.parameter_assignments.assignments}
        at[v.pop("--num-epochs")].add(tuple(sorted(v.items())))
    return at["1"] & at["3"]


def test_good_ones_are_promoted_with_the_same_texts():
    killable = Killable()
    try:
        trials = run(killable, 4, ())
    finally:
        killable.service.stop(signal.SIGKILL)
    assert len(promoted_from(trials)) >= 3
