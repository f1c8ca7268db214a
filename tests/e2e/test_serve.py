"""mushir serve: experiments that are submitted, wait, run, are paused, survive kills, and are looked at."""
import csv
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time

import pytest
import yaml

from serving import PATIENCE, Server
from test_client import GOOD, MUSHIR, pytestmark as built, run  # noqa: F401
from test_client_run import STUB, rows

pytestmark = built


TEMPLATE = """  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: x, reference: x}]
    trialSpec: {apiVersion: batch/v1, kind: Job, spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: i,
      command: [WORDS], env: [{name: X, value: "${trialParameters.x}"}]}]}}}}
"""


def experiment(name, *command, trials=4, parallel=2):
    """GOOD under another name, whose trials run |command|."""
    text = GOOD.replace("name: small", f"name: {name}").replace("maxTrialCount: 4", f"maxTrialCount: {trials}")
    text = text.replace("parallelTrialCount: 2", f"parallelTrialCount: {parallel}")
    return text + TEMPLATE.replace("WORDS", ", ".join(json.dumps(str(word)) for word in command))


def stubbed(name, *words, **options):
    return experiment(name, sys.executable, STUB, "--metric", "loss", *words, **options)


def held(name, folder, **options):
    """Trials that report 0.5, and end with 0.25 once the file "go" is in the folder."""
    script = f"echo loss=0.5; while [ ! -e {folder}/go ]; do sleep 0.05; done; echo loss=0.25"
    return experiment(name, "sh", "-c", script, **options)


def running(n):
    return lambda entry: entry["trials"].get("Running", 0) == n and entry["reports"] >= n


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, "--trials-at-a-time", 4) as served:
        yield served


SEED = {"model_training_code": "echo loss=0.5 #",
        "hyperparameters": {"learning_rate": {"type": "float", "min": 0.01, "max": 0.1}, "batch_size": {"type": "int", "min": 32, "max": 128}},
        "hpo_algorithm": "random_search"}


def test_a_submission_in_the_short_form_runs_to_its_result(server):
    name = server.submit(SEED, "application/json")
    entry = server.until(name, "succeeded")
    assert entry["algorithm"] == "random" and entry["trials"] == {"total": 30, "Succeeded": 30} and entry["best"]["value"] == 0.5
    status, results = server.ask("GET", f"experiments/{name}/results")
    assert status == 200 and results["bestValue"] == "0.5"
    rate, size = (float(results["bestAssignments"][p]) for p in ("learning_rate", "batch_size"))
    assert 0.01 <= rate <= 0.1 and 32 <= size <= 128 and size == int(size)
    assert server.submit(SEED, "application/json") == f"{name}-2"  # a name that nobody chose is no conflict


def test_the_short_form_names_what_the_command_does_not(server, tmp_path):
    code = tmp_path / "train.py"
    code.write_text("import sys\nprint('words', sys.argv[1:])\nprint('loss=1')\n")
    body = {"model_training_code": [sys.executable, str(code), "--lr", "{lr}"], "name": "words", "trials": 1,
            "hyperparameters": {"lr": {"type": "float", "min": 1e-4, "max": 1, "scale": "log"}, "kind": {"values": ["one word"]}, "n": {"type": "int", "min": 1, "max": 2}}}
    entry = server.until(server.submit(body, "application/json"), "succeeded")
    status, _, log = server.raw("GET", f"/api/v1/experiments/words/trials/{entry['best']['trial']}/log")
    said = log.decode().splitlines()[0]
    assert status == 200 and "'--kind=one word'" in said and ("'--n=1'" in said or "'--n=2'" in said) and "'--lr'" in said and "--lr=" not in said


@pytest.mark.parametrize("end", ["\n", " \\\n", " \t\r\n\n"])
def test_words_are_appended_to_the_last_command_of_a_script(server, end):
    body = {**SEED, "model_training_code": "true\necho loss=0.5 words" + end, "trials": 1, "name": "script"}
    entry = server.until(server.submit(body, "application/json"), lambda e: e["trials"]["total"] == 1 and e["state"] not in ("queued", "running"))
    log = server.raw("GET", f"/api/v1/experiments/script/trials/{server.ask('GET', 'experiments/script/data.json')[1]['trials'][0]['name']}/log")[2].decode()
    assert entry["trials"] == {"total": 1, "Succeeded": 1} and log.startswith("loss=0.5 words --learning_rate=0.") and "--batch_size=" in log.splitlines()[0]


@pytest.mark.parametrize("change, words", [
    ({"model_training_code": 3}, "model_training_code"), ({"model_training_code": ""}, "model_training_code"), ({"hyperparameters": {}}, "hyperparameters"),
    ({"hyperparameters": {"x": {"type": "float", "min": 1}}}, "hyperparameters.x"), ({"hyperparameters": {"x": {"type": "float", "min": 1, "max": 0}}}, "hyperparameters.x: parameter x: min"),
    ({"hyperparameters": {"x": {"values": [True]}}}, "hyperparameters.x.values"), ({"hyperparameters": {"x": {"min": 1, "max": 2, "scale": "lgo"}}}, "x.scale"),
    ({"hyperparameters": {"x": {"min": 1, "max": 2, "mox": 3}}}, "mox"),
    ({"trials": 0}, "trials"), ({"goal": "best"}, "goal"), ({"unknown": 1}, "unknown"), ({"hpo_algorithm": "no_such"}, "no_such")])
def test_mistakes_of_the_short_form_are_named(server, change, words):
    status, verdict = server.ask("POST", "experiments", {**SEED, **change})
    assert status == 422 and words in json.dumps(verdict) and "--param" not in json.dumps(verdict)
    assert server.ask("GET", "experiments")[1]["experiments"] == []


def test_one_without_a_value_has_failed_and_goes_on_with_a_raised_budget(server):
    name = server.submit({**SEED, "model_training_code": "true", "trials": 2}, "application/json")
    assert server.until(name, "failed")["message"] == "no trial has a value of loss"
    assert server.ask("GET", f"experiments/{name}/results")[1]["state"] == "failed"
    assert server.ask("PATCH", f"experiments/{name}", {"maxTrialCount": 3})[0] == 200
    assert server.until(name, lambda e: e["state"] == "failed" and e["trials"]["total"] == 3)["maxTrialCount"] == 3


@pytest.mark.parametrize("text, words", [("{'name': 'x'}", "no JSON: line 1"), ('{"trials": 2,\n "parallel": 1,}', "no JSON: line 2"),
                                         ('{"hyperparameters": {"x": {"min": NaN, "max": 1}}}', "near 'NaN'"), ("kind: Experiment", "no JSON: line 1")])
def test_what_is_no_json_is_said(server, text, words):
    for path in ("experiments", "validate"):
        status, verdict = server.ask("POST", path, text)
        assert status == 422 and words in verdict["error"]


def test_a_byte_order_mark_before_json_is_passed_over(server):
    for body in (SEED, yaml.safe_load(stubbed("marked"))):
        status, verdict = server.ask("POST", "validate", "\ufeff" + json.dumps(body))
        assert status == 200 and verdict["valid"], verdict


def test_mistakes_are_named_with_their_line(server, tmp_path):
    wrong = stubbed("wrong").replace('max: "1"', 'max: "-1"')
    for path, expected in (("experiments", 422), ("validate", 200)):
        status, verdict = server.ask("POST", path, wrong, "application/yaml")
        line = wrong.splitlines().index(next(text for text in wrong.splitlines() if "parameterType" in text)) + 1
        assert status == expected and not verdict["valid"] and [p["line"] for p in verdict["problems"] if not p["warning"]] == [line]
    status, verdict = server.ask("POST", "validate", stubbed("right"), "application/yaml")
    assert status == 200 and verdict["valid"] and verdict["name"] == "right"
    assert not list(tmp_path.glob("*.yaml"))


def test_a_name_is_taken_once_and_what_never_fits_is_refused(server):
    server.submit(stubbed("once"))
    assert server.ask("POST", "experiments", stubbed("once"), "application/yaml")[0] == 409
    status, verdict = server.ask("POST", "experiments", stubbed("wide", parallel=5, trials=9), "application/yaml")
    assert status == 422 and "parallelTrialCount is 5" in verdict["error"]


def test_the_queue_keeps_its_order_and_its_bound(server, tmp_path):
    names = ["first", "second", "third", "fourth"]
    widths = [3, 2, 1, 4]  # with four at a time: first alone, then second and third, then fourth
    last = tmp_path / "last"
    last.mkdir()
    for name, width in zip(names, widths):
        server.submit(held(name, last if name == "fourth" else tmp_path, trials=width, parallel=width))
    server.until("first", running(3))
    assert [server.entry(name)["state"] for name in names] == ["running", "queued", "queued", "queued"]  # third would fit, but it is not its turn
    assert [server.entry(name)["before"] for name in names] == [None, 0, 1, 2]
    (tmp_path / "go").touch()
    for name in names[:3]:
        server.until(name, "succeeded")
    server.until("fourth", running(4))
    (last / "go").touch()
    server.until("fourth", "succeeded")
    spans = {name: [(r[0], r[1]) for r in rows(tmp_path / f"{name}.journal", "SELECT started, ended FROM trials")] for name in names}
    moments = sorted((t, k) for spans_of in spans.values() for begin, end in spans_of for t, k in ((begin, 1), (end, -1)))
    at_a_time = most = 0
    for _, step in moments:
        at_a_time += step
        most = max(most, at_a_time)
    assert most == 4
    assert max(end for _, end in spans["first"]) <= min(begin for begin, _ in spans["second"]) and max(end for _, end in spans["third"]) <= min(begin for begin, _ in spans["fourth"])


def test_what_was_run_by_hand_takes_the_places_of_its_trials(server, tmp_path):
    (tmp_path / "wide.yaml").write_text(held("wide", tmp_path, trials=6, parallel=3))
    process = subprocess.Popen([MUSHIR, "run", tmp_path / "wide.yaml", "--quiet", "--no-report"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while "wide" not in [e["name"] for e in server.ask("GET", "experiments")[1]["experiments"]]:
        assert time.monotonic() < deadline
    server.until("wide", running(3))
    process.terminate()
    process.wait(timeout=PATIENCE)
    server.submit(held("narrow", tmp_path))
    server.until("narrow", running(2))
    assert server.ask("POST", "experiments/wide/resume")[1]["state"] == "queued"  # 2 and 3 are more than 4
    (tmp_path / "go").touch()
    server.until("wide", "succeeded")


def test_a_pause_lets_trials_end_and_starts_none(server, tmp_path):
    server.submit(held("calm", tmp_path))
    server.until("calm", running(2))
    assert server.ask("POST", "experiments/calm/pause")[1]["state"] == "pausing"
    (tmp_path / "go").touch()
    entry = server.until("calm", "paused")
    assert entry["trials"]["Succeeded"] == 2 and entry["trials"].get("Running", 0) == 0
    assert server.ask("POST", "experiments/calm/resume")[0] == 200
    assert server.until("calm", "succeeded")["trials"] == {"total": 4, "Succeeded": 4}


def test_a_pause_that_is_taken_back_loses_no_trial(server, tmp_path):
    server.submit(held("hasty", tmp_path))
    server.until("hasty", running(2))
    server.ask("POST", "experiments/hasty/pause")
    server.ask("POST", "experiments/hasty/resume")
    (tmp_path / "go").touch()
    server.until("hasty", "succeeded")
    assert rows(tmp_path / "hasty.journal", "SELECT count(*), max(attempts) FROM trials") == [(4, 1)]


def test_a_stop_ends_trials_and_a_resume_repeats_them(server, tmp_path):
    server.submit(held("halted", tmp_path))
    server.until("halted", running(2))
    assert server.ask("POST", "experiments/halted/stop")[1]["state"] == "stopping"
    server.until("halted", "stopped")
    (tmp_path / "go").touch()
    server.ask("POST", "experiments/halted/resume")
    assert server.until("halted", "succeeded")["trials"] == {"total": 4, "Succeeded": 4}
    assert rows(tmp_path / "halted.journal", "SELECT attempts FROM trials ORDER BY trial") == [(2,), (2,), (1,), (1,)]


def test_a_killed_server_loses_nothing(tmp_path):
    with Server(tmp_path, "--trials-at-a-time", 4) as server:
        server.submit(held("first", tmp_path, parallel=2))
        server.submit(held("second", tmp_path, parallel=2))
        server.submit(held("third", tmp_path, parallel=2))
        server.until("first", running(2))
        server.until("second", running(2))
        server.kill()
    with Server(tmp_path, "--trials-at-a-time", 4) as server:
        assert server.entry("third")["state"] == "queued"
        (tmp_path / "go").touch()
        for name in ("first", "second", "third"):
            assert server.until(name, "succeeded")["trials"] == {"total": 4, "Succeeded": 4}
            assert rows(tmp_path / f"{name}.journal", "SELECT max(attempts) FROM trials") == [(1,)]  # those that ran were taken up


def test_a_stopped_server_ends_trials_and_goes_on_later(tmp_path):
    with Server(tmp_path) as server:
        server.submit(held("later", tmp_path))
        server.until("later", running(2))
    assert rows(tmp_path / "later.journal", "SELECT count(*) FROM events WHERE kind = 'stopping'") == [(2,)]
    (tmp_path / "go").touch()
    with Server(tmp_path) as server:
        assert server.until("later", "succeeded")["trials"] == {"total": 4, "Succeeded": 4}


def test_a_budget_is_raised_while_it_runs_and_afterwards(server, tmp_path):
    server.submit(held("more", tmp_path, trials=2))
    server.until("more", running(2))
    assert server.ask("PATCH", "experiments/more", {"maxTrialCount": 3})[0] == 200
    (tmp_path / "go").touch()
    assert server.until("more", "succeeded")["trials"]["total"] == 3
    assert rows(tmp_path / "more.journal", "SELECT max(attempts) FROM trials") == [(1,)]
    assert server.ask("PATCH", "experiments/more", {"maxTrialCount": 5})[0] == 200
    assert server.until("more", lambda e: e["state"] == "succeeded" and e["maxTrialCount"] == 5)["trials"]["total"] == 5
    for wrong in ({"maxTrialCount": 5}, {"maxTrialCount": 0}, {"maxTrialCount": "6"}, {}, []):
        assert server.ask("PATCH", "experiments/more", wrong)[0] == 422
    text = (tmp_path / "more.yaml").read_text()
    assert text == held("more", tmp_path, trials=5)  # all else as it was submitted


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028"])
def test_a_budget_is_found_behind_letters_of_many_bytes_and_any_end_of_a_line(server, tmp_path, end):
    made = yaml.safe_load(stubbed("wide"))
    made["metadata"]["annotations"] = {"k": "\u00e9" * 40}
    text = json.dumps(made, ensure_ascii=False).replace('"spec": {"obj', f'{end}"spec": {{"obj')
    assert server.raw("POST", "/api/v1/experiments", text.encode(), {"Content-Type": "application/yaml"})[0] == 201
    server.until("wide", "succeeded")
    assert server.ask("PATCH", "experiments/wide", {"maxTrialCount": 9})[0] == 200
    assert (tmp_path / "wide.yaml").read_bytes().decode() == text.replace('"maxTrialCount": 4', '"maxTrialCount": 9')
    assert server.until("wide", lambda e: e["state"] == "succeeded" and e["maxTrialCount"] == 9)["trials"]["total"] == 9


def test_a_run_that_ends_between_two_looks_is_a_change(server):  # noqa: F811
    """Who watches is told of new versions. Some of these runs start and end before anybody looks again."""
    server.submit(stubbed("quick"))
    seen = server.until("quick", "succeeded")
    for budget in range(5, 10):
        server.ask("PATCH", "experiments/quick", {"maxTrialCount": budget})
        time.sleep(1)  # no question, which would look
        now = server.until("quick", lambda e: e["state"] == "succeeded" and e["trials"]["total"] == budget)
        assert now["version"] > seen["version"]
        seen = now


def test_what_changes_is_told(server, tmp_path):
    events = server.events()
    server.submit(held("told", tmp_path))
    seen = []
    for event in events:
        seen.append(event)
        if event["trials"].get("Running") == 2:
            (tmp_path / "go").touch()
        if event["state"] == "succeeded":
            break
    assert {e["name"] for e in seen} == {"told"} and [e["version"] for e in seen] == sorted({e["version"] for e in seen})
    assert seen[-1]["trials"] == {"total": 4, "Succeeded": 4} and seen[-1]["best"]["value"] == 0.25
    assert next(server.events())["state"] == "succeeded"  # who comes later hears how it stands


def test_of_what_changes_a_head_is_a_head(server):
    server.submit(stubbed("headed"))
    status, headers, data = server.raw("HEAD", "/api/v1/events")
    assert status == 200 and headers["content-type"] == "text/event-stream"
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(b"HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while received.endswith(b"\r\n\r\n") or b"\r\n\r\n" not in received:
            piece = client.recv(4096)
            if not piece:
                break
            received += piece
        assert received.endswith(b"\r\n\r\n") and received.count(b"\r\n\r\n") == 1


def test_results_are_downloaded(server, tmp_path):
    server.submit(stubbed("all", trials=6))
    entry = server.until("all", "succeeded")
    get = lambda part: server.raw("GET", f"/api/v1/experiments/all/{part}")  # noqa: E731
    table = list(csv.DictReader(io.StringIO(get("trials.csv")[2].decode())))
    assert len(table) == 6 and min(float(row["loss"]) for row in table) == entry["best"]["value"]
    assert get("experiment.yaml")[2].decode() == stubbed("all", trials=6)
    data = json.loads(get("data.json")[2])
    assert len(data["trials"]) == 6
    status, headers, page = get("report.html")
    assert status == 200 and b"</html>" in page and headers["content-security-policy"].startswith("sandbox")
    (tmp_path / "copy.journal").write_bytes(get("journal")[2])
    assert rows(tmp_path / "copy.journal", "SELECT count(*) FROM trials") == [(6,)]
    status, compared = server.ask("GET", "compare?experiment=all&experiment=all")
    assert status == 200 and [sorted(e["values"]) for e in compared["experiments"]] == [sorted(float(row["loss"]) for row in table)] * 2


def test_a_run_by_hand_is_shown_and_left_alone(server, tmp_path):
    (tmp_path / "hand.yaml").write_text(held("hand", tmp_path))
    process = subprocess.Popen([MUSHIR, "run", tmp_path / "hand.yaml", "--quiet", "--no-report"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while "hand" not in [e["name"] for e in server.ask("GET", "experiments")[1]["experiments"]]:
        assert time.monotonic() < deadline
    entry = server.until("hand", running(2))
    assert entry["state"] == "running" and entry["elsewhere"]
    assert server.ask("POST", "experiments/hand/stop")[0] == 409
    (tmp_path / "go").touch()
    assert process.wait(timeout=PATIENCE) == 0
    assert server.until("hand", "succeeded")["best"]["value"] == 0.25


def test_a_run_that_breaks_says_why_and_others_go_on(server, tmp_path):
    server.submit(experiment("broken", "sh", "-c", "exit 3", trials=30))
    entry = server.until("broken", "broken")
    assert "none of 5 trials has a value of loss" in entry["error"] and "--" not in entry["error"]
    server.submit(stubbed("sound"))
    server.until("sound", "succeeded")
    (tmp_path / "broken.yaml").write_text(stubbed("broken", trials=30))  # mended
    server.ask("POST", "experiments/broken/resume")
    assert server.until("broken", "succeeded")["error"] is None


def test_a_folder_has_one_server(server, tmp_path):
    done = run("serve", tmp_path, "--port", 0)
    assert done.returncode == 3 and "is served already" in done.stderr
    done = run("serve", tmp_path / "other", "--port", server.port)
    assert done.returncode == 3 and "cannot listen" in done.stderr
    assert os.path.exists(tmp_path / "other")


def test_a_run_by_hand_is_watched(tmp_path):
    (tmp_path / "hand.yaml").write_text(held("hand", tmp_path))
    process = subprocess.Popen([MUSHIR, "run", tmp_path / "hand.yaml", "--no-report", "--quiet", "--watch"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True, env={k: v for k, v in os.environ.items() if "DISPLAY" not in k})
    url = next(line for line in process.stderr if "watch it at" in line).split()[-1]
    page, _, name = url.partition("#/e/")
    connection = http.client.HTTPConnection("127.0.0.1", int(page.rstrip("/").rpartition(":")[2]), timeout=PATIENCE)
    connection.request("GET", f"/api/v1/experiments/{name}")
    entry = json.loads(connection.getresponse().read())
    assert entry["state"] == "running" and entry["elsewhere"]
    (tmp_path / "go").touch()
    assert process.wait(timeout=PATIENCE) == 0
    process.stderr.close()
    with pytest.raises(OSError):  # the page goes with the run
        connection.request("GET", "/")
        connection.getresponse()
