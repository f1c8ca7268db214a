"""mushir run: the trial loop, its rules, its journal, kill -9 and --resume."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from conftest import ALGORITHMS, ROOT
from test_client import EXAMPLES, GOOD, MUSHIR, pytestmark as built, run, served  # noqa: F401

pytestmark = built
STUB = ROOT / "tests" / "e2e" / "stub_trial.py"


def events(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def ended(result):
    return [e for e in events(result) if e["event"] == "trial_ended"]


def final(result):
    return events(result)[-1]


def write(folder, text, name="small.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def stub(*arguments):
    return ("--", sys.executable, STUB, *arguments)


def rows(journal, query):
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


TRIAL = """  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: theX, reference: x}
      - {name: self, reference: "${trialSpec.Name}"}
      - {name: kind, reference: "${trialSpec.Kind}"}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - {name: other, command: ["false"]}
              - name: main
                env: [{name: GREETING, value: "hello ${trialParameters.self}"}]
                command: [COMMAND]
"""


def template(*command):
    """GOOD with a trial template whose container runs |command|."""
    return GOOD + TRIAL.replace("COMMAND", ", ".join(json.dumps(str(word)) for word in command))


# ---- the loop ----

@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_run_to_their_end(path, tmp_path):
    """As they are, with nothing but a shell, awk and Python; one trial less would be another experiment."""
    if not served(path):
        pytest.skip("its service is not built")
    for file in path.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    result = run("run", tmp_path / path.name, "--json-lines", timeout=600)
    assert result.returncode == 0, result.stderr
    end = final(result)
    assert end["succeeded"] and end["reason"] in ("ExperimentMaxTrialsReached", "ExperimentGoalReached", "ExperimentSuggestionEndReached")
    names = [e["trial"] for e in ended(result)]
    assert len(names) == len(set(names)) == end["trials"]


def test_every_algorithm_has_an_example():
    """asha and bohb are hyperband's other names."""
    named = {re.search(r"algorithmName: ([a-z0-9-]+)", path.read_text())[1] for path in EXAMPLES}
    assert not set(ALGORITHMS) - {"asha", "bohb"} - named


def test_counts_are_kept(tmp_path):
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 7"))
    result = run("run", path, "--json-lines", *stub("--metric", "loss"))
    assert result.returncode == 0
    running = most = 0
    for event in events(result):
        running += (event["event"] == "trial_started") - (event["event"] == "trial_ended")
        most = max(most, running)
    assert most == 2 and len(ended(result)) == 7
    assert (tmp_path / "small.html").exists() and (tmp_path / "small.journal").exists()


def test_the_best_trial_is_the_best(tmp_path):
    result = run("run", write(tmp_path, GOOD), "--json-lines", *stub("--metric", "loss"))
    values = {e["trial"]: float(e["metrics"]["loss"]) for e in ended(result)}
    assert final(result)["bestTrialName"] == min(values, key=values.get)


def test_summary_has_the_shape_of_kubectl(tmp_path):
    out = run("run", write(tmp_path, GOOD), "--quiet", *stub("--metric", "loss")).stdout
    for line in ("Current Optimal Trial:", "Best Trial Name:", "Parameter Assignments:", "Trials Succeeded:", "ExperimentMaxTrialsReached"):
        assert line in out


def test_a_goal_ends_the_run(tmp_path):
    path = write(tmp_path, GOOD.replace("type: minimize,", "type: minimize, goal: 1000,"))
    result = run("run", path, "--json-lines", *stub("--metric", "loss"))
    assert result.returncode == 0 and final(result)["reason"] == "ExperimentGoalReached" and final(result)["trials"] <= 2


def test_too_many_failures_fail_the_experiment(tmp_path):
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 4\n  maxFailedTrialCount: 1"))
    result = run("run", path, "--json-lines", "--", "sh", "-c", "exit 3")
    assert result.returncode == 1 and final(result)["reason"] == "ExperimentFailed"
    failed = [e for e in ended(result) if e["condition"] == "Failed"]
    assert len(failed) >= 2 and all(e["why"] == "exit status 3" for e in failed)
    assert all(e["condition"] == "Killed" for e in ended(result) if e not in failed)  # what ran when it was over


def test_a_run_that_is_refused_leaves_what_was_there(tmp_path):
    wrong = GOOD.replace("algorithmName: random", "algorithmName: random, algorithmSettings: [{name: nonsense, value: '1'}]")
    path = write(tmp_path, wrong)
    before = sorted(tmp_path.iterdir())
    assert run("run", path, *stub("--metric", "loss")).returncode == 2
    assert sorted(tmp_path.iterdir()) == before
    path = write(tmp_path, GOOD)
    assert run("run", path, *stub("--metric", "loss")).returncode == 0
    journal = path.with_suffix(".journal")
    held, trials = journal.read_bytes(), sorted(path.with_suffix(".trials").iterdir())
    path = write(tmp_path, wrong)
    refused = run("run", path, "--fresh", *stub("--metric", "loss"))
    assert refused.returncode == 2 and "nonsense" in refused.stderr
    assert journal.read_bytes() == held and sorted(path.with_suffix(".trials").iterdir()) == trials


@pytest.mark.parametrize("script,condition,why", [
    ("kill -SEGV $$", "Failed", "signal 11"),
    ("echo hello", "MetricsUnavailable", "did not report loss"),
    ("echo loss=nan", "MetricsUnavailable", "did not report loss"),
    ("no-such-program", "Failed", "command not found"),
    ("exit 1", "Failed", "exit status 1"),
    ("echo no memory; exit 255", "Failed", 'exit status 255, the last line was "no memory"'),
    ("kill -TERM $$", "Failed", "ended by signal 15 (Terminated)"),
    ("echo loss=0.5; echo; echo no memory >&2; echo; exit 1", "Failed", 'exit status 1, the last line was "no memory"'),
    ("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo step $i; done; exit 2", "Failed", 'exit status 2, the last line was "step 2000"'),
    ("echo loss=0.5; sleep 60 & ", "Succeeded", ""),
    ("printf loss=0.5", "Succeeded", ""),
])
def test_how_trials_end(tmp_path, script, condition, why):
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 2"))
    begun = time.monotonic()
    result = run("run", path, "--json-lines", "--", "sh", "-c", script)
    assert [e["condition"] for e in ended(result)] == [condition] * 2
    assert all(why in e["why"] for e in ended(result))
    assert time.monotonic() - begun < 30  # what a trial leaves behind is not waited for


def test_a_trial_that_takes_too_long_fails(tmp_path):
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 2"))
    result = run("run", path, "--json-lines", "--trial-timeout", "0.3", "--", "sleep", "60")
    assert {e["condition"] for e in ended(result)} == {"Failed"} and all("longer than 0.3 s" in e["why"] for e in ended(result))


# ---- templates and metrics ----

def test_parameters_are_substituted_as_in_katib(tmp_path):
    words = ("echo", "x=${trialParameters.theX}", "name=${trialParameters.self} kind=${trialParameters.kind}", "$(GREETING)", "&&", "echo", "loss=1")
    result = run("run", write(tmp_path, template(*words)), "--json-lines")
    assert result.returncode == 0, result.stderr
    for event in ended(result):
        log = (tmp_path / "small.trials" / event["trial"] / "log").read_text()
        assert log.splitlines()[0] == f"x={event['assignments']['x']} name={event['trial']} kind=Job hello {event['trial']}"


def test_a_template_whose_parameters_do_not_fit_is_refused(tmp_path):
    for old, new, text in (("reference: x}", "reference: y}", "no parameter of the experiment"), ("theX, ref", "theY, ref", "not in trialParameters"),
                           ("${trialSpec.Kind}", "${trialSpec.Color}", "is unknown")):
        result = run("validate", "-", stdin=template("echo", "${trialParameters.theX}${trialParameters.self}${trialParameters.kind}").replace(old, new))
        assert result.returncode == 2 and text in result.stderr, result.stderr


COLLECTOR = "  metricsCollectorSpec: "


@pytest.mark.parametrize("spec,script,expected", [
    ("{}", "echo 'loss = 3e-2, other=1'", "3e-2"),
    ("{}", "echo loss=3; echo loss=1; echo loss=2", "1"),
    ("{source: {filter: {metricsFormat: ['(\\w+) is ([0-9.]+)']}}}", "echo loss is 0.25 and so on", "0.25"),
    ("{collector: {kind: File}, source: {fileSystemPath: {path: /tmp/m.log, kind: File}}}", "echo loss=7; echo loss=4 > /tmp/m.log", "4"),
    ("{collector: {kind: File}, source: {fileSystemPath: {path: /tmp/m.log, kind: File, format: JSON}}}",
     "echo '{\"epoch\": 1, \"loss\": \"0.5\"}' > /tmp/m.log; echo '{\"loss\": 0.75, \"timestamp\": 3}' >> /tmp/m.log", "0.5"),
])
def test_metrics_are_collected(tmp_path, spec, script, expected):
    path = write(tmp_path, GOOD + COLLECTOR + spec + "\n")
    result = run("run", path, "--json-lines", "--", "sh", "-c", script)
    assert result.returncode == 0, result.stderr
    assert [e["metrics"]["loss"] for e in ended(result)] == [expected] * 4


@pytest.mark.parametrize("strategy,expected", [("min", "1"), ("max", "3"), ("latest", "2")])
def test_strategies(tmp_path, strategy, expected):
    text = GOOD.replace("objectiveMetricName: loss", "objectiveMetricName: loss, metricStrategies: [{name: loss, value: %s}]" % strategy)
    result = run("run", write(tmp_path, text), "--json-lines", "--", "sh", "-c", "echo loss=3; echo loss=1; echo loss=2")
    assert [e["metrics"]["loss"] for e in ended(result)] == [expected] * 4


def test_bad_trials_are_stopped_at_the_median(tmp_path):
    """The first three report 1, 2, 3; the median of the means is 2, so later trials above 2 end at report 2 and those below go on."""
    text = GOOD.replace("parallelTrialCount: 2", "parallelTrialCount: 1").replace("maxTrialCount: 4", """maxTrialCount: 5
  earlyStopping:
    algorithmName: medianstop
    algorithmSettings: [{name: min_trials_required, value: "3"}, {name: start_step, value: "2"}]""")
    script = ("n=${MUSHIR_TRIAL_NAME##*-}; case $n in 0001) v=1;; 0002) v=2;; 0003) v=3;; 0004) v=9;; *) v=0;; esac; "
              "echo loss=$v; echo loss=$v; case $n in 0004) sleep 30;; esac; echo loss=$v")
    result = run("run", write(tmp_path, text), "--json-lines", "--", "sh", "-c", script)
    assert [e["condition"] for e in ended(result)] == ["Succeeded"] * 3 + ["EarlyStopped", "Succeeded"], result.stdout
    assert "above the threshold 2 of medianstop at report 2" in ended(result)[3]["why"]
    assert len(rows(tmp_path / "small.journal", "SELECT * FROM metrics WHERE trial = 3")) == 2


def test_the_other_stoppers_and_accuracies(tmp_path):
    """Of 1, 2, 3 the upper half goes on: 0 is stopped below 2, and 9 is not."""
    text = GOOD.replace("parallelTrialCount: 2", "parallelTrialCount: 1").replace("minimize", "maximize").replace("maxTrialCount: 4", """maxTrialCount: 5
  earlyStopping:
    algorithmName: percentilestop
    algorithmSettings: [{name: min_trials_required, value: "3"}, {name: grace, value: "2"}]""")
    assert "maximize" in text
    script = ("n=${MUSHIR_TRIAL_NAME##*-}; case $n in 0004) v=0;; 0005) v=9;; *) v=$((10#$n));; esac; "
              "echo loss=$v; echo loss=$v; case $n in 0004) sleep 30;; esac; echo loss=$v")
    result = run("run", write(tmp_path, text), "--json-lines", "--", "bash", "-c", script)
    assert [e["condition"] for e in ended(result)] == ["Succeeded"] * 3 + ["EarlyStopped", "Succeeded"], result.stdout
    assert "below the threshold 2 of percentilestop at report 2" in ended(result)[3]["why"]
    assert rows(tmp_path / "small.journal", "SELECT name, value FROM events WHERE kind = 'rule' AND trial = 3") == [("2", "2.0")]


# ---- the journal ----

def test_an_earlier_run_is_not_overwritten(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--resume", *stub("--metric", "loss")).returncode == 2  # nothing to resume
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    again = run("run", path, *stub("--metric", "loss"))
    assert again.returncode == 2 and "--resume" in again.stderr and "--fresh" in again.stderr
    resumed = run("run", path, "--resume", "--json-lines", *stub("--metric", "loss"))
    assert resumed.returncode == 0 and not ended(resumed) and final(resumed)["trials"] == 4
    fresh = run("run", path, "--fresh", "--json-lines", *stub("--metric", "loss"))
    assert fresh.returncode == 0 and len(ended(fresh)) == 4


def test_raising_the_count_goes_on_with_a_finished_run(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    path.write_text(GOOD.replace("maxTrialCount: 4", "maxTrialCount: 6"))
    result = run("run", path, "--resume", "--json-lines", *stub("--metric", "loss"))
    assert result.returncode == 0 and len(ended(result)) == 2 and final(result)["trials"] == 6


def test_another_experiment_does_not_continue_the_journal(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    for old, new in ("name: x,", "name: z,"), ('min: "0"', 'min: "-1"'), ('max: "1"', 'max: "1", step: "0.5"'), ("minimize", "maximize"):
        assert old in GOOD
        path.write_text(GOOD.replace(old, new, 1))
        result = run("run", path, "--resume", *stub("--metric", "loss"))
        assert result.returncode == 2 and "another experiment" in result.stderr, new


@pytest.mark.skipif(not served(ROOT / "examples" / "enas.yaml"), reason="its service is not built")
def test_another_network_does_not_continue_the_journal(tmp_path):
    network = (ROOT / "examples" / "enas.yaml").read_text().replace("maxTrialCount: 10", "maxTrialCount: 2")
    path = write(tmp_path, network)
    reports = stub("--metric", "Validation-Accuracy", "--flat")
    assert run("run", path, "--quiet", *reports).returncode == 0
    for old, new in ("numLayers: 6", "numLayers: 7"), ('"96"]', '"128"]'), ("[32, 32, 3]", "[28, 28, 1]"), ("stride,", "dilation,"):
        assert old in network
        path.write_text(network.replace(old, new, 1))
        result = run("run", path, "--resume", *reports)
        assert result.returncode == 2 and "another experiment" in result.stderr, new
    path.write_text(network.replace("maxTrialCount: 2", "maxTrialCount: 3"))
    assert final(run("run", path, "--resume", "--json-lines", *reports))["trials"] == 3


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    path = write(tmp_path, GOOD)
    (tmp_path / "small.journal").write_text("my thesis\n" * 100)
    result = run("run", path, "--resume", *stub("--metric", "loss"))
    assert result.returncode == 2 and (tmp_path / "small.journal").read_text().startswith("my thesis")


def start(path, *arguments):
    return subprocess.Popen([MUSHIR, "run", str(path), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_runs_do_not_share_a_journal(tmp_path):
    path = write(tmp_path, GOOD)
    first = start(path, "--json-lines", "--", "sleep", "30")
    try:
        first.stdout.readline()
        second = run("run", path, "--resume", "--", "true")
        assert second.returncode == 3 and "in use" in second.stderr
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)


def test_interrupting_stops_trials_and_resuming_runs_them_again(tmp_path):
    path = write(tmp_path, GOOD)
    process = start(path, "--json-lines", "--", "sh", "-c", f"echo $$ >> {tmp_path}/pids; test -e {tmp_path}/go || sleep 60; echo loss=1")
    while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130 and "--resume" in error
    for pid in (tmp_path / "pids").read_text().split():
        assert not os.path.exists(f"/proc/{pid}")
    (tmp_path / "go").touch()
    result = run("run", path, "--resume", "--json-lines", "--", "sh", "-c", "echo loss=1")
    assert result.returncode == 0
    attempts = {e["trial"]: e["attempt"] for e in ended(result)}
    assert len(attempts) == 4 and sorted(attempts.values()) == [1, 1, 2, 2]


def test_a_second_interrupt_kills(tmp_path):
    path = write(tmp_path, GOOD)
    process = start(path, "--json-lines", "--", "sh", "-c", f"trap '' TERM; touch {tmp_path}/up; while :; do sleep 1; done")
    while not (tmp_path / "up").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=4)
    assert process.returncode == 130


def kill_and_resume(path, delay, command):
    """Start, kill -9 after |delay|; True when the run had ended before, which it may only as it should."""
    process = start(path, *(("--resume",) if path.with_suffix(".journal").exists() else ()), "--json-lines", *command)
    try:
        _, error = process.communicate(timeout=delay)
        assert process.returncode == 0, error
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False


def long_form(name, short):
    """A number that the environment may raise: MUSHIR_TEST_KILLS=82 MUSHIR_TEST_TRIALS=600 is the long form, some minutes."""
    return int(os.environ.get(f"MUSHIR_TEST_{name}", short))


def test_killed_at_random_moments_nothing_is_lost_and_nothing_runs_twice(tmp_path):
    moments = random.Random(long_form("SEED", 5))
    count, wanted = long_form("TRIALS", 24), long_form("KILLS", 10)
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", f"maxTrialCount: {count}").replace("parallelTrialCount: 2", "parallelTrialCount: 3"))
    command = stub("--metric", "loss", "--steps", "6", "--sleep", "0.05", "--diary", tmp_path / "diary")
    kills = sum(not kill_and_resume(path, moments.uniform(0.02, 0.5), command) for _ in range(wanted))
    print(f"{kills} kills")
    assert kills >= wanted / 2
    result = run("run", path, "--resume", "--json-lines", *command, timeout=120 + count)
    assert result.returncode == 0, result.stderr
    journal = tmp_path / "small.journal"
    assert rows(journal, "SELECT count(*), count(DISTINCT name) FROM trials WHERE condition = 'Succeeded'") == [(count, count)]
    diary = [line.split() for line in (tmp_path / "diary").read_text().splitlines()]
    begun = [name for word, name in diary if word == "begin"]
    assert sorted(begun) == sorted(set(begun)) and len(begun) == count, "a trial ran twice"
    assert sorted(name for word, name in diary if word == "end") == sorted(begun)
    logged = {}
    for trial, value in rows(journal, "SELECT trial, value FROM metrics ORDER BY rowid"):
        logged.setdefault(trial, []).append(value)
    for number, name in rows(journal, "SELECT trial, name FROM trials"):
        log = (tmp_path / "small.trials" / name / "log").read_text()
        assert logged[number] == [word.split("=")[1] for word in log.split() if word.startswith("loss=")], name
        assert len(logged[number]) == 6


def test_a_raised_run_that_is_killed_in_its_last_trial_ends_it_later(tmp_path):
    path, journal = write(tmp_path, GOOD), tmp_path / "small.journal"
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    path.write_text(GOOD.replace("maxTrialCount: 4", "maxTrialCount: 5"))
    waits = ("--", "sh", "-c", f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo loss=1")
    process = start(path, "--resume", *waits)
    while rows(journal, "SELECT count(*) FROM events WHERE kind = 'started'") < [(5,)]:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert run("status", path, "--json").stdout.startswith('{"experiment": "small", "state": "interrupted"')
    (tmp_path / "go").touch()
    assert run("run", path, "--resume", "--quiet", *waits).returncode == 0
    assert rows(journal, "SELECT condition, count(*) FROM trials GROUP BY 1") == [("Succeeded", 5)]


def test_a_client_that_is_killed_right_after_its_service_began_leaves_none(tmp_path):
    path = write(tmp_path, GOOD)

    def services():
        found = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has ended
                found.append(pathlib.Path("/proc", process, "cmdline").read_bytes())
        return [words for words in found if b"--data" in words and os.fsencode(tmp_path) in words]

    for pause in [0, 0, 0, 0.001, 0.002, 0.005] * 5:
        process = start(path, "--fresh", "--", "echo", "loss=1")
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not children.read_text():
            pass
        time.sleep(pause)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 60
    while services() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert services() == []


def test_trials_killed_with_the_client_run_again_with_the_same_assignments(tmp_path):
    path = write(tmp_path, GOOD)
    process = start(path, "--json-lines", "--", "sh", "-c", f"echo $$ >> {tmp_path}/pids; sleep 60")
    while not (tmp_path / "pids").exists() or len((tmp_path / "pids").read_text().split()) < 2:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    for folder in (tmp_path / "small.trials").iterdir():  # as a reboot would
        os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
    time.sleep(0.2)
    before = dict(rows(tmp_path / "small.journal", "SELECT name, assignments FROM trials"))
    result = run("run", path, "--resume", "--json-lines", "--", "sh", "-c", "echo loss=1")
    assert result.returncode == 0
    after = {e["trial"]: e for e in ended(result)}
    assert len(after) == 4
    for name, assignments in before.items():
        assert after[name]["assignments"] == json.loads(assignments) and after[name]["attempt"] == 2
