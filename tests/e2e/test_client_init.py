"""From a script to a tuned model without a line of YAML: mushir init, mushir run --param, and what is said at the end."""
import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios

import pytest

from test_client import GOOD, MUSHIR, ROOT, pytestmark as built, run

pytestmark = built

SCRIPT = """import json, sys
print("argv=" + json.dumps(sys.argv[1:]))
print("loss=%r" % (float(sys.argv[2]) + int(sys.argv[4])))
"""
COMMAND = ["--", sys.executable, "train.py", "--lr", "{lr}", "--layers", "{layers}"]
PARAMETERS = ["--param", "lr=log:1e-4:1", "--param", "layers=int:1:8"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


def given(folder):
    """The words that each trial's command was given."""
    for log in sorted(folder.glob("*.trials/*/log")):
        yield json.loads(re.search("argv=(.*)", log.read_text())[1])


def test_options_may_stand_before_or_after_the_command(folder):
    before = run("init", *PARAMETERS, *COMMAND, cwd=folder)
    after = run("init", *COMMAND, *PARAMETERS, cwd=folder)
    joined = run("init", *COMMAND, "--param=lr=log:1e-4:1", "--param=layers=int:1:8", cwd=folder)
    assert before.returncode == 0 and before.stderr == ""
    assert before.stdout == after.stdout == joined.stdout
    assert 'name: "train"' in before.stdout and '"${trialParameters.lr}"' in before.stdout


def test_what_init_writes_is_valid_and_runs(folder):
    assert run("init", "tune.yaml", "--trials", "3", "--parallel", "2", *PARAMETERS, *COMMAND, cwd=folder).returncode == 0
    valid = run("validate", "tune.yaml", cwd=folder)
    assert valid.returncode == 0 and valid.stderr == ""
    assert "train searches 2 parameters with tpe, to minimize loss in 3 trials, 2 at a time" in valid.stdout
    assert run("run", "tune.yaml", cwd=folder).returncode == 0
    again = run("init", "tune.yaml", *PARAMETERS, *COMMAND, cwd=folder)
    assert again.returncode == 2 and "tune.yaml: exists already" in again.stderr


def test_the_options_reach_the_experiment(folder):
    text = run("init", "--name", "mine", "--algorithm", "random", "--objective", "accuracy", "--maximize", *PARAMETERS, *COMMAND).stdout
    for part in ('name: "mine"', 'algorithmName: "random"', 'objectiveMetricName: "accuracy"', "type: maximize"):
        assert part in text


@pytest.mark.parametrize("parameter, written", [
    ("x=0:1", 'parameterType: double\n      feasibleSpace: {min: "0", max: "1"}'),
    ("x=log:1e-4:1", 'parameterType: double\n      feasibleSpace: {min: "1e-4", max: "1", distribution: logUniform}'),
    ("x=int:1:8", 'parameterType: int\n      feasibleSpace: {min: "1", max: "8"}'),
    ("x=int:0:64:16", 'parameterType: int\n      feasibleSpace: {min: "0", max: "64", step: "16"}'),
    ("x=logint:1:1024", 'parameterType: int\n      feasibleSpace: {min: "1", max: "1024", distribution: logUniform}'),
    ("x=sgd,adam", 'parameterType: categorical\n      feasibleSpace: {list: ["sgd", "adam"]}'),
    ("x=choice:a:b,c=d", 'parameterType: categorical\n      feasibleSpace: {list: ["a:b", "c=d"]}'),
])
def test_every_form_of_a_parameter(tmp_path, parameter, written):
    result = run("init", "--param", parameter, "--", "echo", "loss={x}")
    assert written in result.stdout, result.stderr
    valid = run("validate", "-", stdin=result.stdout)
    assert valid.returncode == 0 and valid.stderr == ""


@pytest.mark.parametrize("command, name", [
    (["python3", "src/train.py", "{x}"], "train"), (["sh", "-c", "cd src && python3 ./fit.py --x={x}"], "fit"), (["sh", "-c", "make {x}"], "make"),
    (["bash", "-c", " \t{x}"], "x")])
def test_the_name_is_that_of_the_script(command, name):
    result = run("init", "--param", "x=0:1", "--", *command)
    assert f'  name: "{name}"\n' in result.stdout, result.stderr


@pytest.mark.parametrize("arguments, said", [
    (["--param", "x=lin:0:1", "--", "f", "{x}"], '"lin" is no number; a range is NAME=LOW:HIGH'),
    (["--param", "x=5", "--", "f", "{x}"], "--param x=5: a range is NAME=LOW:HIGH"),
    (["--param", "x=1:2:3", "--", "f", "{x}"], "--param x=1:2:3: "),
    (["--param", "x=int:1:2.5", "--", "f", "{x}"], '"2.5" is no whole number'),
    (["--param", "x=1:0", "--", "f", "{x}"], "--param x=1:0: "),
    (["--param", "x=log:0:1", "--", "f", "{x}"], "--param x=log:0:1: "),
    (["--param", "x=a,,b", "--", "f", "{x}"], "value 2 of the list is empty"),
    (["--param", "x=a,it's", "--", "f", "{x}"], "does not reach the command unchanged"),
    (["--param", "x=a,b\033[2J", "--", "f", "{x}"], "does not reach the command unchanged"),
    (["--param", "0:1", "--", "f", "{x}"], "NAME= is missing"),
    (["--param", "x=0:1", "--param", "x=0:2", "--", "f", "{x}"], "x is there twice"),
    (["--param", "x=0:1", "--", "f", "{y}"], "write {x} where its value belongs"),
    (["--param", "x=0:1"], "which command?"),
    (["--", "f", "1"], "what is to be tuned?"),
    (["--objective", "", "--param", "x=0:1", "--", "f", "{x}"], "this option needs a value: --objective"),
    (["--param", "x=0:1", "--", "f", "{x}", "${trialParameters.y}"], "${trialParameters.y} is not in trialParameters"),
    (["--param", "x=0:1", "--name", "Mine", "--", "f", "{x}"], '"Mine" must be of lower-case letters'),
])
@pytest.mark.parametrize("command", ["init", "run"])
def test_what_is_wrong_is_named(tmp_path, command, arguments, said):
    result = run(command, *arguments, cwd=tmp_path)
    assert result.returncode == 2 and said in result.stderr, result.stderr
    assert not list(tmp_path.iterdir())


def test_what_katib_would_make_of_it_is_said(folder):
    drafted = run("init", "--objective", "val loss", *PARAMETERS, *COMMAND, cwd=folder)
    valid = run("validate", "-", stdin=drafted.stdout)
    for result in (drafted, valid):
        assert result.returncode == 0 and 'warning: the default filter cannot give the metric "val loss"' in result.stderr


def test_a_file_and_parameters_exclude_each_other(folder):
    result = run("run", "tune.yaml", *PARAMETERS, *COMMAND, cwd=folder)
    assert result.returncode == 2 and "--param" in result.stderr


def test_run_needs_no_file_and_goes_on(folder):
    first = run("run", "--trials", "3", *COMMAND, *PARAMETERS, cwd=folder)
    assert first.returncode == 0, first.stderr
    assert (folder / "train.journal").exists() and (folder / "train.html").exists()
    more = run("run", "--trials", "5", "--resume", *PARAMETERS, *COMMAND, cwd=folder)
    assert more.returncode == 0 and "train succeeded: 5 trials" in more.stdout
    assert len(list(given(folder))) == 5


def test_words_reach_the_command_as_they_are(folder):
    words = ["$(HOME)", "$$", "$HOME", "it's", "{y}", "${lr}", "a  b", "", "*", "\\n", "é;#", "$é", "a \x85 \u2028 b", "\x80\uffff",
             "--{lr}--"]
    result = run("run", "--trials", "1", *PARAMETERS, *COMMAND, *words, cwd=folder)
    assert result.returncode == 0, result.stderr
    (argv,) = given(folder)
    assert argv[4:-1] == words[:-1] and argv[-1] == f"--{argv[1]}--"


def test_values_with_blanks_are_one_word(folder):
    result = run("run", "--trials", "2", *PARAMETERS, "--param", "o=a b;c,d&e", *COMMAND, "{o}", "x{o}y", cwd=folder)
    assert result.returncode == 0, result.stderr
    for argv in given(folder):
        assert argv[4] in ("a b;c", "d&e") and argv[5] == f"x{argv[4]}y" and len(argv) == 6


def test_a_script_stays_a_script(tmp_path):
    script = 'x={x}; echo "loss=$x" $(echo ${x})'
    result = run("run", "--name", "s", "--trials", "1", "--param", "x=0:1", "--", "sh", "-c", script, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    value, again = re.fullmatch("loss=(.*) (.*)\n", next(tmp_path.glob("s.trials/*/log")).read_text()).groups()
    assert value == again and 0 <= float(value) <= 1


# ---- the end ----

def test_the_end_is_short_and_its_command_runs_again(folder):
    result = run("run", "--trials", "6", *PARAMETERS, *COMMAND, cwd=folder)
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"train succeeded: 6 trials, in \d+:\d\d", lines[0])
    assert [line.split()[0] for line in lines[1:]] == ["best", "lr", "layers", "run", "report"]
    assert "train-" not in result.stdout and "\033" not in result.stdout
    again = subprocess.run(lines[4].removeprefix("run again").strip(), shell=True, cwd=folder, capture_output=True, text=True).stdout
    best = re.search("loss=(.*)", again)[1]
    assert float(best) == pytest.approx(float(lines[1].split()[2]), rel=1e-6)
    assert shlex.split(lines[4])[-1] == lines[3].split()[1]


def test_the_names_of_trials_come_with_verbose(folder):
    result = run("run", "--trials", "3", "--verbose", *PARAMETERS, *COMMAND, cwd=folder)
    assert len(re.findall(r"^train-\S+ +Succeeded +[\d.]+$", result.stdout, re.M)) == 3


def test_what_failed_says_so(tmp_path):
    result = run("run", "--name", "f", "--trials", "2", "--param", "x=0:1", "--", "false", "{x}", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout.startswith("f failed: 2 trials, 2 failed"), result.stdout


def on_terminal(columns, *arguments, **options):
    """What the command writes to a terminal of that many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    child = subprocess.Popen([MUSHIR, *arguments], stdout=theirs, stderr=theirs, env=environment, **options)
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    child.wait()
    return seen.decode()


def test_a_failure_is_red_on_a_terminal(tmp_path):
    seen = on_terminal(80, "run", "--name", "f", "--trials", "1", "--param", "x=0:1", "--", "false", "{x}", cwd=tmp_path)
    assert "\033[31mf failed\033[0m" in seen


@pytest.mark.parametrize("columns", [8, 20, 61])
def test_the_bar_fits_the_terminal(tmp_path, columns):
    seen = on_terminal(columns, "run", "--name", "f", "--trials", "3", "--objective", "漢字", "--param", "x=0:1",
                       "--", "sh", "-c", "echo '漢字'={x}; sleep 1.3", cwd=tmp_path)
    bars = [piece.split("\r")[0] for piece in seen.split("\033[K") if piece.startswith("[")]
    assert bars
    assert max(sum(1 + (ord(c) > 0x1100) for c in bar) for bar in bars) < columns


def test_the_bar_has_time_and_the_latest_report(tmp_path):
    seen = on_terminal(200, "run", "--name", "f", "--trials", "1", "--param", "x=0:1", "--", "sh", "-c", "echo loss=0.125 {x}; sleep 2", cwd=tmp_path)
    assert re.search(r"\] 0/1  1 running  0:0\d.*  now 0\.125", seen)


def test_texts_from_outside_cannot_move_the_cursor(tmp_path):
    space = '{list: ["a\\u009b2J", "b\\u009b2J"]}'  # a control sequence in one character; those below 32 are refused before
    text = GOOD.replace("double", "categorical").replace('{min: "0", max: "1"}', space)
    (tmp_path / "e.yaml").write_text(text)
    for quiet in ([], ["--quiet", "--fresh"]):
        result = run("run", "e.yaml", *quiet, "--", "echo", "loss=1", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert "\u009b" not in result.stdout + result.stderr and "\\xc2\\x9b2J" in result.stdout
    assert "\u009b" not in run("suggest", "e.yaml", cwd=tmp_path).stdout


@pytest.mark.parametrize("page", ["README.md", "client/README.md", "docs/training-script.md"])
def test_the_commands_that_pages_show(page, tmp_path):
    """Each `mushir ... -- python3 train.py ...` line, as it stands but for the number of trials."""
    (tmp_path / "train.py").write_text("print('loss=1')\n")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shown = re.findall(r"^ {4}(mushir (?:run|init) .*--param .*)$", (ROOT / page).read_text(), re.M)
    assert shown
    for line in shown:
        words = shlex.split(line)[1:]
        done = run(words[0], "--trials", "2", *words[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{line}: {done.stderr}"
