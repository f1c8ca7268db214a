"""mushir status and mushir report: a run that is looked at while it runs, and afterwards."""
import csv
import io
import json
import os
import re
import resource
import subprocess
import time

import pytest

from conftest import ROOT
from test_client import GOOD, MUSHIR, TEMPLATE, pytestmark as built, run  # noqa: F401
from test_client_run import rows, stub, write

pytestmark = built


def status(path):
    done = run("status", path, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def members(text, indent):
    """The names in the first column of the table in client/report/data.h."""
    return {name for names in re.findall(rf"^ \*{' ' * indent}(\w+(?:, \w+)*) {{2,}}", text, re.M) for name in names.split(", ")}


def test_the_data_is_what_its_header_says(tmp_path):
    path = write(tmp_path, GOOD)
    run("run", path, "--quiet", "--no-report", *stub())
    data = json.loads(run("report", path, "--json").stdout)
    header = (ROOT / "client" / "report" / "data.h").read_text()
    assert set(data) == members(header, 3)
    assert set(data["trials"][0]) | {"at"} == members(header, 5)


def started(folder, **options):
    """A run of four trials that wait for the file "go" before they end, two at a time and with a report behind them."""
    script = 'echo "loss=0.5"; while [ ! -e "$GO" ]; do sleep 0.05; done; echo "loss=0.25"'
    path = write(folder, GOOD)
    process = subprocess.Popen([MUSHIR, "run", path, "--quiet", "--", "sh", "-c", script], stdout=subprocess.DEVNULL,
                               env={**os.environ, "GO": str(folder / "go")}, **options)
    wait_for((folder / "small.journal").exists)
    wait_for(lambda: len(rows(folder / "small.journal", "SELECT 1 FROM events WHERE kind = 'metric'")) == 2)
    return path, process


def test_a_run_is_looked_at_while_it_runs(tmp_path):
    path, process = started(tmp_path)
    for file in (path, tmp_path / "small.journal"):
        now = status(file)
        assert (now["state"], now["trials"], now["maxTrialCount"]) == ("running", {"Running": 2}, 4)
        assert "bestTrialName" not in now
        said = run("status", file).stdout.splitlines()
        assert said[0].startswith("small is running: 2 trials, 2 running, in ")
        assert sum(line.startswith("running ") and "loss 0.5 at report 1" in line for line in said) == 2
        data = json.loads(run("report", file, "--json").stdout)
        assert data["reason"] == "Running" and [t["curve"] for t in data["trials"]] == [[0.5], [0.5]]
    assert run("report", path, "--report", tmp_path / "now.html").stdout == f"{tmp_path / 'now.html'}\n"
    assert "</html>" in (tmp_path / "now.html").read_text()
    (tmp_path / "go").touch()
    assert process.wait(timeout=60) == 0  # looking disturbed nothing
    now = status(path)
    assert (now["state"], now["reason"], now["trials"]) == ("succeeded", "ExperimentMaxTrialsReached", {"Succeeded": 4})
    assert now["bestValue"] == "0.25" and set(now["bestAssignments"]) == {"x"} and "front" not in now
    assert run("status", path).stdout.startswith("small succeeded: 4 trials, in ")


@pytest.mark.parametrize("removed", [True, False])
def test_a_run_whose_journal_goes_says_so(tmp_path, removed):
    """What it would go on to find were lost."""
    path, process = started(tmp_path, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "small.journal"
    journal.unlink() if removed else journal.rename(tmp_path / "mine.journal")
    _, said = process.communicate(timeout=60)  # without "go": nobody waits for the trials
    assert process.returncode == 1
    assert said.endswith(f"mushir: {journal}: it was removed, renamed or replaced; begin anew with --fresh\n")
    assert removed or rows(tmp_path / "mine.journal", "SELECT count(*) FROM trials") == [(2,)]


def test_a_trial_that_there_is_no_room_for_waits(tmp_path):
    """Descriptors run out as processes do."""
    path, process = started(tmp_path, stderr=subprocess.PIPE, text=True)
    before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (0, before[1]))
    (tmp_path / "go").touch()
    assert "Too many open files; trying again" in process.stderr.readline()
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
    assert process.wait(timeout=60) == 0, process.stderr.read()
    process.stderr.close()
    assert status(path)["trials"] == {"Succeeded": 4}
    assert rows(tmp_path / "small.journal", "SELECT max(value) FROM events WHERE kind = 'started'") == [("1",)]


def test_a_killed_run_is_interrupted_and_its_time_stands_still(tmp_path):
    path, process = started(tmp_path)
    process.kill()
    process.wait()
    assert status(path)["state"] == "interrupted"
    first = run("status", path).stdout
    time.sleep(1.5)
    assert run("status", path).stdout == first
    (tmp_path / "go").touch()
    assert first.startswith("small was interrupted: 2 trials, 2 running, in ")
    assert "running " not in first.splitlines()[1:]


def test_a_journal_alone_knows_counts_that_were_raised(tmp_path):
    path = write(tmp_path, GOOD + TEMPLATE)
    assert run("run", path, "--quiet").returncode == 0
    write(tmp_path, path.read_text().replace("maxTrialCount: 4", "maxTrialCount: 6"))
    begun = status(path)["started"]
    assert run("run", path, "--resume", "--quiet").returncode == 0
    journal = tmp_path / "small.journal"
    path.unlink()
    now = status(journal)
    assert (now["maxTrialCount"], now["trials"], now["started"]) == (6, {"Succeeded": 6}, begun)
    texts = rows(journal, "SELECT value FROM events WHERE kind = 'experiment'")
    assert len(texts) == 2 and texts[0] != texts[1]


def test_the_table_is_csv_and_computes_nothing(tmp_path):
    text = GOOD + '    - {name: "a,\\"b", parameterType: categorical, feasibleSpace: {list: ["=1+1", "-2"]}}\n'
    path = write(tmp_path, text.replace("maxTrialCount: 4", "maxTrialCount: 12"))
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    table = run("report", path, "--csv").stdout
    lines = list(csv.DictReader(io.StringIO(table)))
    assert len(lines) == 12 and list(lines[0]) == ["trial", "condition", "started", "completed", "attempt", "loss", "x", 'a,"b']
    assert {line['a,"b'] for line in lines} == {"'=1+1", "-2"}  # a text that begins like a formula, and a number
    best = status(path)
    assert min(lines, key=lambda line: float(line["loss"]))["trial"] == best["bestTrialName"]


def test_a_run_without_a_value_has_failed_whoever_asks(tmp_path):
    path = write(tmp_path, GOOD)
    done = run("run", path, "--json-lines", "--no-report", "--", "true")
    assert done.returncode == 1 and json.loads(done.stdout.splitlines()[-1])["succeeded"] is False
    now = status(path)
    assert (now["state"], now["reason"], now["message"]) == ("failed", "ExperimentMaxTrialsReached", "no trial has a value of loss")
    assert run("status", path).stdout.startswith("small failed: ")
    data = json.loads(run("report", path, "--json").stdout)
    assert (data["good"], data["message"]) == (False, "no trial has a value of loss")


def test_what_is_no_journal_is_said(tmp_path):
    path = write(tmp_path, GOOD)
    for arguments, words in [((path,), "there is no run to look at"), ((tmp_path / "none.yaml",), "No such file")]:
        done = run("status", *arguments)
        assert done.returncode == 2 and words in done.stderr
    broken = tmp_path / "small.journal"
    broken.write_bytes(b"SQLite format 3\0" + bytes(4000))
    done = run("status", broken)
    assert done.returncode == 2 and "no journal of a run" in done.stderr
    assert broken.read_bytes() == b"SQLite format 3\0" + bytes(4000)


def test_looking_leaves_every_file_as_it_is(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    assert run("status", path).returncode == run("report", path, "--csv").returncode == 0
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


def test_what_a_run_says_of_its_parameters(tmp_path):
    """x alone makes the loss: a share near 1, however few trials there are; the guess is told."""
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 12"))
    assert run("run", path, "--quiet", "--no-report", "--", "sh", "-c", 'echo "loss=${trialParameters.x}"').returncode == 0
    said = run("analyse", path)
    assert said.returncode == 0 and said.stdout.startswith("12 trials have a value of loss: what they say of importance is a guess\n")
    assert "\nx " in said.stdout and "\nbest trial: " in said.stdout and "\nexpected to be best: loss " in said.stdout
    data = json.loads(run("analyse", tmp_path / "small.journal", "--json").stdout)
    (x,) = data["parameters"]
    assert x["name"] == "x" and x["importance"] > 0.9 and data["importance"]["observed"] == 12 and not data["importance"]["sure"]
    assert data["best"]["value"] == data["best"]["assignments"]["x"] and data["expected"]["mean"] <= float(data["best"]["value"]) + 0.1
    report = json.loads(run("report", path, "--json").stdout)
    assert report["importance"] == data["importance"] and report["parameters"][0]["importance"] == x["importance"]


def test_trials_that_say_nothing(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--quiet", "--no-report", "--", "sh", "-c", "echo loss=1").returncode == 0
    said = run("analyse", path)
    assert (said.returncode, said.stdout, said.stderr) == (1, "", "mushir: the trials say nothing of loss yet\n")
    data = json.loads(run("analyse", path, "--json").stdout)
    assert data["importance"]["observed"] == 0 and data["parameters"][0]["importance"] is None and data["expected"] is None


def test_a_report_that_does_not_fit_leaves_nothing(tmp_path):
    path = write(tmp_path, GOOD + TEMPLATE)
    assert run("run", path, "--quiet", "--", "sh", "-c", "echo loss=1").returncode == 0
    before = (tmp_path / "small.html").read_bytes()

    def limit():  # as a disk that is nearly full
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2))
    done = run("report", path, preexec_fn=limit)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert (tmp_path / "small.html").read_bytes() == before and not (tmp_path / "small.html.new").exists()
