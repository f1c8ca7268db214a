"""The command-line client: validate and suggest on every example, and the texts of its mistakes."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

import pytest

from conftest import ALGORITHMS, BIN, ROOT, SERVICES, services_built

MUSHIR = str(BIN / "mushir")
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

pytestmark = pytest.mark.skipif(not os.access(MUSHIR, os.X_OK), reason="the client is not built")

GOOD = """apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: small}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 4
  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
"""

TEMPLATE = """  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: x, reference: x}]
    trialSpec: {apiVersion: batch/v1, kind: Job, spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: i, command: [echo, "loss=${trialParameters.x}"]}]}}}}
"""


def run(*arguments, stdin=None, timeout=60, **options):
    return subprocess.run([MUSHIR, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout, **options)


def algorithm_of(path):
    lines = [line for line in path.read_text().splitlines() if "algorithmName:" in line and "medianstop" not in line]
    return lines[0].split("algorithmName:")[1].strip(" }\"'").split(",")[0].strip(" }\"'")


def test_every_algorithm_is_known():
    """The client's table is made from services/CMakeLists.txt; what the programs are called by stands in their sources."""
    result = run("validate", "-", stdin=GOOD.replace("algorithmName: random", "algorithmName: unknown"))
    assert result.returncode == 2
    assert sorted(result.stderr.split("; there are ")[1].split(" (or")[0].split(", ")) == sorted(ALGORITHMS)


def served(path):
    return ALGORITHMS[algorithm_of(path)] in services_built()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_are_valid_and_suggested_for(path):
    if not served(path):
        pytest.skip(f"no service for {algorithm_of(path)} is built")
    valid = run("validate", path)
    assert valid.returncode == 0, valid.stderr
    suggested = run("suggest", path, "-n", 3, "--json")
    assert suggested.returncode == 0, suggested.stderr
    assert len(json.loads(suggested.stdout)) == 3


def test_every_service_has_an_example():
    assert {ALGORITHMS[algorithm_of(path)] for path in EXAMPLES} == set(SERVICES)


def test_suggest_prints_a_table_with_a_row_per_suggestion():
    out = run("suggest", "-", "-n", 3, stdin=GOOD).stdout.splitlines()
    assert out[0].split() == ["x"]
    assert len(out) == 4 and all(0 <= float(line) <= 1 for line in out[1:])


def test_suggest_agrees_with_a_service_at_an_address(start_service):
    service = start_service("random")
    own = run("suggest", "-", "-n", 5, "--json", stdin=GOOD)
    theirs = run("suggest", "-", "-n", 5, "--json", "--address", service.address, stdin=GOOD)
    assert own.returncode == theirs.returncode == 0 and own.stdout == theirs.stdout


def test_yaml_styles_mean_the_same():
    block = GOOD.replace("metadata: {name: small}", "metadata:\n  name: 'small' # a comment").replace(
        "  objective: {type: minimize, objectiveMetricName: loss}",
        "  objective:\n    type: \"minimize\"\n    objectiveMetricName: >-\n      loss")
    anchored = GOOD.replace('{min: "0", max: "1"}', '&unit {min: "0", max: "1"}')
    several = "# nothing here\n---\n---\nkind: ConfigMap\nmetadata: {name: other}\n---\n" + GOOD
    expected = run("suggest", "-", "-n", 2, stdin=GOOD).stdout
    assert expected
    for text in (block, anchored, several):
        assert run("suggest", "-", "-n", 2, stdin=text).stdout == expected


MISTAKES = [
    ("maxTrialCount", "maxTrialcount", ":8:3", 'did you mean "maxTrialCount"?'),
    ("parallelTrialCount: 2", "parallelTrialCount: 5", ":7:", "is more than maxTrialCount"),
    ("parallelTrialCount: 2", 'parallelTrialCount: "2"', ":7:", "must be a number without quotes"),
    ('min: "0"', "min: 0", ":10:", 'must be in quotes ("0")'),
    ('min: "0"', 'min: "2"', ":10:", "greater than max"),
    ("type: minimize", "type: minimise", ":5:", "accepted are minimize, maximize"),
    ("parameterType: double", "parameterType: duoble", ":10:", 'did you mean "double"?'),
    ("name: small", "name: Small", ":3:", "lower-case"),
    ("name: small", "name: yes", ":3:", "without them kubectl sends true"),
    ("name: small", "name: 5", ":3:", 'metadata.name: 5 must be in quotes'),
    ("name: small", "name: small, labels: {team: 7}", ":3:", 'metadata.labels.team: 7 must be in quotes'),
    ("name: small", "name: small, lables: {}", ":3:", 'did you mean "labels"?'),
    ("kind: Experiment", "kind: Job", ":1:", "no document of kind Experiment"),
    ("maxTrialCount: 4", "maxTrialCount: 4\n  maxTrialCount: 5", ":9:3", "twice"),
    ("  parameters:", "  parameters: [", ":", "not YAML"),
    ("v1beta1", "v1alpha3", ":1:", "is not kubeflow.org/v1beta1"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  earlyStopping: {algorithmName: medianstop, algorithmSettings: [{name: start_step, value: '0'}]}\n",
     ":9:", "start_step must be greater or equal than one"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  earlyStopping: {algorithmName: curvestop, algorithmSettings: [{name: risk, value: '0.7'}]}\n", ":9:", "risk"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  earlyStopping: {algorithmName: mediumstop}\n", ":9:", "percentilestop and curvestop"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  metricsCollectorSpec: {source: {filter: {metricsFormat: ['(loss']}}}\n", ":9:", "parenthes"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  metricsCollectorSpec: {collector: {kind: File}, source: {fileSystemPath: {path: ''}}}\n",
     ":9:", 'fileSystemPath.path: "" must begin with /'),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  earlyStopping: {algorithmName: medianstop, algorithmSettings: [{name: start_step, value: '1e99'}]}\n",
     ":9:", "start_step must be greater or equal than one"),
]


@pytest.mark.parametrize("old,new,where,text", MISTAKES, ids=[m[1].strip()[:40] for m in MISTAKES])
def test_mistakes_are_named_with_their_line(old, new, where, text):
    assert old in GOOD
    result = run("validate", "-", stdin=GOOD.replace(old, new, 1))
    assert result.returncode == 2
    assert f"-{where}" in result.stderr and text in result.stderr, result.stderr


@pytest.mark.parametrize("old,new", [
    ("parallelTrialCount: 2\n  maxTrialCount: 4", "parallelTrialCount: 0\n  maxTrialCount: 1"),
    ("parallelTrialCount: 2\n  maxTrialCount: 4", 'parallelTrialCount: "1"\n  maxTrialCount: 1'),
    ("parallelTrialCount: 2\n  maxTrialCount: 4", "parallelTrialCount: 2\n  maxTrialCount: 1"),
    ("  maxTrialCount: 4\n", "  maxTrialCount: 4\n  earlyStopping: {}\n"),
    ("  maxTrialCount: 4\n", '  maxTrialCount: 4\n  earlyStopping: {algorithmName: ""}\n'),
    ("parameterType: double", "parameterType: float"),
], ids=["count", "text", "more", "no stopper", "empty stopper", "type"])
def test_one_mistake_is_said_once(old, new):
    assert old in GOOD
    result = run("validate", "--offline", "-", stdin=GOOD.replace(old, new, 1))
    said = [line for line in result.stderr.splitlines() if ": error: " in line and "trialTemplate is missing" not in line]
    assert result.returncode == 2 and len(said) == 1, result.stderr


def test_all_mistakes_are_named_at_once():
    text = GOOD.replace("maxTrialCount", "maxTrials").replace("minimize", "less").replace('min: "0"', "min: 0")
    assert run("validate", "-", stdin=text + TEMPLATE).stderr.count("error:") == 3


def test_the_algorithm_refuses_its_settings():
    text = GOOD.replace("{algorithmName: random}", "{algorithmName: random, algorithmSettings: [{name: random_state, value: '-1'}]}")
    result = run("validate", "-", stdin=text)
    assert result.returncode == 2 and "random_state" in result.stderr
    assert run("validate", "--offline", "-", stdin=text + TEMPLATE).returncode == 0


def test_unknown_algorithms_and_dead_addresses():
    unknown = run("suggest", "-", stdin=GOOD.replace("{algorithmName: random}", "{algorithmName: radnom}"))
    assert unknown.returncode == 2 and "did you mean random?" in unknown.stderr
    dead = run("suggest", "-", "--address", "127.0.0.1:1", stdin=GOOD)
    assert dead.returncode == 3 and "127.0.0.1:1" in dead.stderr


class Door:
    """A port that hangs up on its first caller and leads the next ones to |port|."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.answer, daemon=True).start()

    def answer(self):
        self.listener.accept()[0].close()
        while True:
            near, far = self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.port))
            for source, sink in (near, far), (far, near):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):  # either side may hang up
            while data := source.recv(65536):
                sink.sendall(data)


def test_one_failure_to_connect_is_no_reason_to_give_up(start_service):
    service = start_service("random")
    own = run("suggest", "-", stdin=GOOD)
    theirs = run("suggest", "-", "--address", Door(service.port).address, stdin=GOOD)
    assert theirs.returncode == 0, theirs.stderr
    assert theirs.stdout == own.stdout


def test_a_service_that_is_nowhere(tmp_path):
    (tmp_path / "mushir").write_bytes(pathlib.Path(MUSHIR).read_bytes())
    (tmp_path / "mushir").chmod(0o755)
    result = subprocess.run([str(tmp_path / "mushir"), "suggest", "-"], input=GOOD, capture_output=True, text=True, timeout=30,
                            env={"PATH": "/nowhere"})
    assert result.returncode == 3 and "mushir-random is neither beside mushir nor in PATH" in result.stderr


def beside(folder, script):
    """A copy of mushir in |folder|, with |script| in place of the service for random."""
    (folder / "mushir").write_bytes(pathlib.Path(MUSHIR).read_bytes())
    (folder / "mushir-random").write_text(script)
    for name in ("mushir", "mushir-random"):
        (folder / name).chmod(0o755)
    return folder / "mushir"


def test_a_service_that_ends_while_it_is_asked_is_quoted(tmp_path):
    program = beside(tmp_path, f"""#!{sys.executable}
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
listening.accept()
print("first words", "x" * 1000, "last words", sep="\\n", file=sys.stderr, flush=True)
os.abort()
""")
    result = subprocess.run([str(program), "suggest", "-"], input=GOOD, capture_output=True, text=True, timeout=30)
    assert result.returncode == 3
    assert result.stderr == "mushir: the service ended (SIGABRT); the last line of its log: last words\n"


def test_a_service_that_is_killed_during_a_run_is_told(tmp_path):
    program = beside(tmp_path, f'#!/bin/sh\necho $$ >{tmp_path}/pid\nexec {BIN}/mushir-random "$@"\n')
    (tmp_path / "e.yaml").write_text(GOOD)
    result = subprocess.run([str(program), "run", "--quiet", "e.yaml", "--", "sh", "-c", f"kill -9 $(cat {tmp_path}/pid); sleep 60"],
                            cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert "the service ended (SIGKILL); the last line of its log: " in result.stderr and "request" in result.stderr


def test_help_version_and_wrong_use():
    assert "mushir suggest" in run("--help").stdout
    assert run("--version").stdout.startswith("mushir ")
    for wrong in ((), ("frobnicate",), ("validate",), ("validate", "a", "b", "c"), ("--bogus",), ("suggest", "-", "-n", "0"), ("suggest", "-", "-n", "x"), ("suggest", "-", "-n", "1.5")):
        assert run(*wrong, stdin="").returncode == 2, wrong


@pytest.mark.parametrize("arguments", [
    ["\033[31m"], ["--\033]0;x\007"], ["-\033"], ["--json=\033"], ["--trial\033"], ["suggest", "-", "-n", "\033[2J"], ["suggest", "-", "--trial-timeout", "\r1x"],
    ["validate", "no\033[31mfile"], ["validate", "a\033[31m.yaml"], ["suggest", "bad\033[31m.yaml"], ["init", "a\033[31m.yaml", "--param", "x=0:1", "--", "echo", "{x}"],
    ["init", "--param", "x\033[31m=0:1", "--", "echo"], ["run", "a\033[31m.yaml", "--journal", "/\033[31m/j"],
    ["run", "a\033[31m.yaml", "--quiet", "--", "echo", "loss=1"], ["run", "a\033[31m.yaml", "--fresh", "--", "echo", "loss=1"],
    ["run", "a\033[31m.yaml", "--fresh", "--", "echo", "loss\033[31m=1"], ["suggest", "-", "--address", "\033[31m"],
], ids=ascii)
def test_no_text_of_the_user_moves_the_cursor(arguments, tmp_path):
    (tmp_path / "a\033[31m.yaml").write_text(GOOD + TEMPLATE)
    (tmp_path / "bad\033[31m.yaml").write_text(GOOD.replace("maxTrialCount", '"max\\eTrialCount"'))
    result = run(*arguments, stdin=GOOD, cwd=tmp_path)
    said = result.stdout + result.stderr
    assert said and not any(ord(c) < 0x20 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in said), ascii(said)


def test_a_file_full_of_mistakes_is_read_in_time():
    """60,000 of them, a line each: seconds even where the machine is busy, minutes if a line were written a byte at a time or searched for."""
    text = "kind: Experiment\nspec:\n" + "".join(f"  k{i}: v\n" for i in range(60000))
    result = run("validate", "--offline", "-", stdin=text, timeout=60)
    assert result.returncode == 2 and result.stderr.count("has no field") == 60000


@pytest.mark.parametrize("size", [1, 10, 50, 120, 250])
def test_cut_off_files_are_mistakes_not_crashes(size):
    assert run("validate", "--offline", "-", stdin=GOOD[:size]).returncode == 2


def test_circles_and_bombs_are_refused():
    circle = "a: &a\n  b: *a\n"
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{','.join(f'*a{i - 1}' for _ in range(20))}]\n" for i in range(1, 9))
    for text in (circle, bomb, "[" * 5000 + "]" * 5000):
        result = run("validate", "--offline", "-", stdin=text)
        assert result.returncode == 2, result.stderr[:200]
