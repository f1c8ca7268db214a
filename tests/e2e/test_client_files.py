"""What mushir does with files that are there: its own that were damaged, and everybody else's."""
import contextlib
import os
import resource
import sqlite3
import stat
import subprocess

import pytest

from test_client import GOOD, MUSHIR, pytestmark as built, run
from test_client_run import rows, stub, write

pytestmark = built


def database(path):
    """Another program's: an SQLite file too, with a table of a name that the journal has for a view."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE trials (id INTEGER); INSERT INTO trials VALUES (1)")


@pytest.mark.parametrize("make", [database, lambda path: path.write_text("notes"), lambda path: path.symlink_to("/dev/null")])
@pytest.mark.parametrize("mode", [(), ("--fresh",), ("--resume",)])
def test_what_is_no_journal_stays_as_it_is(tmp_path, make, mode):
    path, other = write(tmp_path, GOOD), tmp_path / "study.db"
    make(other)
    before, device = other.read_bytes(), stat.S_IFMT(other.stat().st_mode)
    done = run("run", path, *mode, "--journal", other, "--quiet", *stub("--metric", "loss"))
    assert done.returncode == 2 and "no journal of a run" in done.stderr and "--fresh" not in done.stderr
    assert other.read_bytes() == before and stat.S_IFMT(other.stat().st_mode) == device
    assert run("status", path, "--journal", other).returncode == 2 and other.read_bytes() == before


@pytest.mark.parametrize("mode", [(), ("--fresh",), ("--resume",)])
def test_nothing_is_made_beside_a_device_in_the_journals_place(tmp_path, mode):
    path, pipe = write(tmp_path, GOOD), tmp_path / "pipe"
    os.mkfifo(pipe)
    done = run("run", path, *mode, "--journal", pipe, "--quiet", *stub("--metric", "loss"))
    assert done.returncode == 2 and "no journal of a run" in done.stderr
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, pipe.name])


def test_a_report_replaces_neither_experiment_nor_journal(tmp_path):
    path, journal = write(tmp_path, GOOD), tmp_path / "small.journal"
    for report in (path, journal):
        refused = run("run", path, "--report", report, "--quiet", *stub("--metric", "loss"))
        assert refused.returncode == 2 and "a file of its own" in refused.stderr and path.read_text() == GOOD
        assert os.listdir(tmp_path) == [path.name]  # a run that is refused leaves nothing
    assert run("run", path, "--quiet", *stub("--metric", "loss")).returncode == 0
    before = journal.read_bytes()
    for report in (path, journal):
        assert run("run", path, "--fresh", "--report", report, "--quiet", *stub("--metric", "loss")).returncode == 2
        assert journal.read_bytes() == before  # and an earlier one as it was
    for file in (path, journal):
        before = file.read_bytes()
        done = run("report", path, "--report", tmp_path / "." / file.name)
        assert done.returncode != 0 and "a file of its own" in done.stderr and file.read_bytes() == before


def test_a_report_goes_into_a_pipe_without_replacing_it(tmp_path):
    path = write(tmp_path, GOOD)
    assert run("run", path, "--quiet", "--no-report", *stub("--metric", "loss")).returncode == 0
    (tmp_path / "nothing").symlink_to("/dev/null")
    assert run("report", path, "--report", tmp_path / "nothing").returncode == 0
    assert (tmp_path / "nothing").is_symlink() and (tmp_path / "nothing").is_char_device()


def test_a_journal_whose_middle_is_damaged_is_not_taken_for_a_shorter_one(tmp_path):
    path = write(tmp_path, GOOD.replace("maxTrialCount: 4", "maxTrialCount: 200").replace("parallelTrialCount: 2", "parallelTrialCount: 8"))
    journal = tmp_path / "small.journal"
    assert run("run", path, "--quiet", "--no-report", "--", "echo", "loss=1").returncode == 0
    whole = journal.read_bytes()
    refused = 0
    for page in range(1, len(whole) // 4096):
        journal.write_bytes(whole[:page * 4096] + b"\xff" * 4096 + whole[(page + 1) * 4096:])
        table = run("report", path, "--csv")
        assert table.returncode == 0 and len(table.stdout.splitlines()) == 201 or "malformed" in table.stderr, page
        refused += table.returncode != 0
        resumed = run("run", path, "--resume", "--quiet", "--no-report", "--", "echo", "loss=1")
        assert resumed.returncode == 0 or "malformed" in resumed.stderr and "--resume" not in resumed.stderr, page
    assert refused > 2
    assert run("run", path, "--fresh", "--quiet", "--no-report", "--", "echo", "loss=1").returncode == 0
    assert rows(journal, "SELECT count(*) FROM trials") == [(200,)]


@pytest.mark.parametrize("how", ["--quiet", "--json-lines"])
def test_a_result_that_did_not_arrive_is_no_success(tmp_path, how):
    path = write(tmp_path, GOOD)
    with open("/dev/full", "w") as full:
        done = subprocess.run([MUSHIR, "run", path, how, *stub("--metric", "loss")], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "standard output: " in done.stderr
    assert run("status", path).returncode == 0


@pytest.mark.parametrize("make", [lambda folder: ["--directory", folder / "none"], lambda folder: ["--directory", folder / "small.yaml"],
                                  lambda folder: (folder / "small.trials").touch() or []])
def test_a_folder_that_is_none_is_said_before_the_first_trial(tmp_path, make):
    path = write(tmp_path, GOOD)
    words = make(tmp_path)
    before = sorted(os.listdir(tmp_path))
    done = run("run", path, "--quiet", *words, *stub("--metric", "loss"))
    assert done.returncode == 1 and ("No such file" in done.stderr or "Not a directory" in done.stderr)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_disk_that_is_full_at_the_beginning_is_no_mistake_of_the_user(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))  # less than what SQLite keeps beside a journal
    done = run("run", write(tmp_path, GOOD), "--quiet", "--", "echo", "loss=1", preexec_fn=limit)
    assert done.returncode == 1 and "small.journal: " in done.stderr and "no journal" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's processes are limited, of whom there is none else")
def test_a_machine_without_processes_starts_no_service(tmp_path):
    """And nothing else ends: where fork fails there is no process to be signalled."""
    def limited():
        resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))
        os.setgroups([])
        os.setgid(54321)
        os.setuid(54321)
    other = subprocess.Popen(["sleep", "60"], user=54321)
    try:
        try:
            done = run("suggest", "-", stdin=GOOD, cwd="/", preexec_fn=limited)
        except PermissionError:
            pytest.skip("the programs stand where other users may not look")
        assert done.returncode == 1 and "cannot start" in done.stderr and "temporarily unavailable" in done.stderr
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_no_folder_for_temporary_files_is_needed():
    """As in a container whose root is read-only."""
    within = ["unshare", "--mount", "sh", "-c", 'mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp && exec "$0" "$@"']
    if subprocess.run([*within, "true"], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    done = subprocess.run([*within, MUSHIR, "suggest", "-"], input=GOOD, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_experiment_from_a_pipe_has_its_files_in_this_folder(tmp_path):
    """As of `mushir run <(sed ... tune.yaml)`: nothing can stand beside the pipe."""
    done = run("run", "/dev/stdin", "--quiet", *stub("--metric", "loss"), stdin=GOOD, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"small.journal", "small.html", "small.trials"} <= set(os.listdir(tmp_path))
    assert run("status", "/dev/stdin", stdin=GOOD, cwd=tmp_path).stdout.startswith("small succeeded: 4 trials")


def test_standard_input_by_its_name_has_its_files_in_this_folder(tmp_path):
    """Also where it is a file, as in `mushir run /dev/stdin < tune.yaml`: nothing stands in /dev."""
    (tmp_path / "elsewhere").mkdir()
    words = [MUSHIR, "run", "/dev/stdin", "--quiet", *stub("--metric", "loss")]
    with open(write(tmp_path / "elsewhere", GOOD)) as stdin:
        done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"small.journal", "small.html", "small.trials"} <= set(os.listdir(tmp_path))
