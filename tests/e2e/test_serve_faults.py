"""mushir serve: what goes wrong below it: signals, disks, files that others change or hold, texts without end."""
import concurrent.futures
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from serving import PATIENCE, Server
from test_client import MUSHIR, pytestmark as built  # noqa: F401
from test_serve import held, running, stubbed

pytestmark = built


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, "--trials-at-a-time", 4) as served:
        yield served


# ---- signals ----

@pytest.mark.parametrize("word, state", [("stop", "stopped"), ("pause", "paused")])
def test_a_command_right_behind_a_submission_is_heard(server, tmp_path, word, state):
    for i in range(5):
        server.submit(held(f"brief{i}", tmp_path, parallel=1))
        assert server.ask("POST", f"experiments/brief{i}/{word}")[0] == 200
    (tmp_path / "go").touch()  # a pause lets trials end
    for i in range(5):
        assert server.until(f"brief{i}", state)["trials"].get("Succeeded", 0) <= 1  # and starts no more


# ---- files ----

def test_an_experiment_that_is_no_file_holds_nobody_up(server, tmp_path):
    server.submit(stubbed("piped"))
    server.until("piped", "succeeded")
    (tmp_path / "piped.yaml").unlink()
    os.mkfifo(tmp_path / "piped.yaml")
    assert server.ask("PATCH", "experiments/piped", {"maxTrialCount": 9})[0] == 409
    assert server.raw("GET", "/api/v1/experiments/piped/experiment.yaml")[0] == 404


def test_a_journal_that_is_no_file_is_no_experiment(tmp_path):
    os.mkfifo(tmp_path / "pipe.journal")
    (tmp_path / "folder.journal").mkdir()
    (tmp_path / "device.journal").symlink_to("/dev/zero")
    with Server(tmp_path) as server:
        assert server.ask("GET", "experiments")[1]["experiments"] == []
        assert server.raw("GET", "/api/v1/experiments/pipe/report.html")[0] == 404


def test_an_experiment_whose_files_were_removed_goes(server, tmp_path):
    for name in ("removed", "kept"):
        server.submit(stubbed(name))
    for name in ("removed", "kept"):
        server.until(name, "succeeded")
    server.submit(held("waits", tmp_path))
    server.until("waits", running(2))
    heard = (e["name"] for e in server.events() if "state" not in e)
    for name in ("removed.yaml", "removed.journal", "waits.yaml"):  # what runs stays
        (tmp_path / name).unlink()
    assert next(heard) == "removed"
    assert server.ask("GET", "experiments/removed")[0] == 404
    assert [e["name"] for e in server.ask("GET", "experiments")[1]["experiments"]] == ["kept", "waits"]
    server.submit(stubbed("removed"))  # its name is free


def test_an_experiment_whose_journal_was_removed_has_not_begun(tmp_path):
    with Server(tmp_path) as server:
        server.submit(stubbed("again"))
        server.until("again", "succeeded")
        (tmp_path / "again.journal").unlink()
        entry = server.until("again", "stopped")
        assert entry["trials"] == {"total": 0} and entry["best"] is None
        deadline = time.monotonic() + PATIENCE
        while "again" not in (tmp_path / ".mushir-serve.json").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with Server(tmp_path) as server:  # and is known to the next one
        assert server.entry("again")["state"] == "stopped"
        status, refused = server.ask("POST", "experiments", stubbed("again"), "application/yaml")
        assert status == 409 and refused["error"] == "there is an experiment again already"
        assert server.ask("POST", "experiments/again/resume")[0] == 200
        assert server.until("again", "succeeded")["trials"] == {"total": 4, "Succeeded": 4}


def test_a_file_that_nobody_submitted_is_not_overwritten(server, tmp_path):
    (tmp_path / "mine.yaml").write_text("mine: 1\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nothing")
    for name in ("mine", "link"):
        assert server.ask("GET", f"experiments/{name}")[0] == 404
        status, refused = server.ask("POST", "experiments", stubbed(name), "application/yaml")
        assert status == 409 and "there is" not in refused["error"]
    assert (tmp_path / "mine.yaml").read_text() == "mine: 1\n" and not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"kept": {"wanted": "run"'])
def test_a_queue_that_cannot_be_read_is_not_forgotten(tmp_path, text):
    (tmp_path / ".mushir-serve.json").write_text(text)
    done = subprocess.run([MUSHIR, "serve", tmp_path, "--port", "0"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode != 0 and ".mushir-serve.json cannot be read" in done.stderr
    assert (tmp_path / ".mushir-serve.json").read_text() == text
    with Server(tmp_path, "--read-only"):  # who only looks does not need it
        pass


def test_who_only_looks_writes_nothing_down(server, tmp_path):
    server.submit(stubbed("removed"))
    server.until("removed", "succeeded")
    with Server(tmp_path, "--read-only") as viewer:
        for name in ("runs", "waits"):
            server.submit(held(name, tmp_path, trials=3, parallel=3))
        server.until("runs", running(3))
        wanted = (tmp_path / ".mushir-serve.json").read_text()
        heard = (e["name"] for e in viewer.events() if "state" not in e)
        for file in tmp_path.glob("removed.*[a-z]"):
            file.unlink() if file.is_file() else shutil.rmtree(file)
        assert next(heard) == "removed"
        time.sleep(3)  # what is to be written down is with the next look at the folder
        assert (tmp_path / ".mushir-serve.json").read_text() == wanted and '"waits"' in wanted
        (tmp_path / "go").touch()


def test_of_many_that_go_at_once_all_are_told(tmp_path):
    names = [f"e{i:03}" for i in range(300)]
    for name in names:
        (tmp_path / f"{name}.journal").touch()
    with Server(tmp_path) as server:
        events = server.events()
        assert {next(events)["name"] for _ in names} == set(names)
        server.process.send_signal(signal.SIGSTOP)
        for name in names:
            (tmp_path / f"{name}.journal").unlink()
        server.process.send_signal(signal.SIGCONT)  # one look finds all of them gone
        gone = (e["name"] for e in events if "state" not in e)
        assert [next(gone) for _ in range(250)] == names[:250]


def test_a_budget_leaves_nothing_of_a_long_experiment_out(server, tmp_path):
    server.submit(stubbed("long"))
    server.until("long", "succeeded")
    text = stubbed("long") + "# " + "x" * (1 << 20) + "\n"
    (tmp_path / "long.yaml").write_text(text)
    assert server.ask("PATCH", "experiments/long", {"maxTrialCount": 9})[0] == 409
    assert (tmp_path / "long.yaml").read_text() == text


def test_of_budgets_that_are_raised_at_once_the_largest_counts(server, tmp_path):
    server.submit(stubbed("raced"))
    server.until("raced", "succeeded")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        codes = dict(zip((7, 6, 5), pool.map(lambda n: server.ask("PATCH", "experiments/raced", {"maxTrialCount": n})[0], (7, 6, 5))))
    taken = max(n for n, code in codes.items() if code == 200)
    assert server.until("raced", lambda e: e["state"] == "succeeded" and e["maxTrialCount"] == taken)["trials"]["total"] == taken, codes


def test_a_journal_that_somebody_holds_holds_nobody_up(server, tmp_path):
    server.submit(stubbed("locked"))
    server.submit(stubbed("free"))
    server.until("locked", "succeeded")
    server.until("free", "succeeded")
    with contextlib.closing(sqlite3.connect(tmp_path / "locked.journal", isolation_level=None)) as journal:
        journal.execute("PRAGMA locking_mode = EXCLUSIVE")
        journal.execute("BEGIN EXCLUSIVE")
        journal.execute("INSERT INTO events (time, kind, name, value) VALUES ('', 'finished', 'Told', 'later')")
        begun = time.monotonic()
        assert subprocess.run([MUSHIR, "status", tmp_path / "locked.journal"], capture_output=True).returncode != 0  # it waits for a while
        waited = time.monotonic() - begun
        for _ in range(20):
            os.utime(tmp_path / "locked.journal")  # as if it had grown
            assert server.entry("free")["state"] == server.entry("locked")["state"] == "succeeded"
        assert time.monotonic() - begun < 3 * waited  # 20 times as much, if the server waited too
        journal.execute("COMMIT")
    server.until("locked", lambda e: e["message"] == "later")  # and what it missed is read then


def foreign(path, message, metric="loss"):
    """A journal that ended with |message|."""
    with contextlib.closing(sqlite3.connect(path)) as journal:
        journal.execute("PRAGMA application_id = 0x6d757368")
        journal.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, time TEXT, trial INTEGER, kind TEXT NOT NULL, name TEXT, value TEXT)")
        text = stubbed("foreign").replace("objectiveMetricName: loss", f"objectiveMetricName: {metric}")
        for event in (("experiment", "foreign", text), ("finished", "ExperimentFailed", message)):
            journal.execute("INSERT INTO events (time, kind, name, value) VALUES ('2026-01-01T00:00:00Z', ?, ?, ?)", event)
        journal.commit()


def test_texts_without_end_are_told_too(server, tmp_path):
    foreign(tmp_path / "foreign.journal", '"\\' * 50000, metric="m" * 50000)
    assert [e["state"] for e in server.ask("GET", "experiments")[1]["experiments"]] == ["failed"]
    told = next(server.events())
    assert told["name"] == "foreign" and told["message"].startswith('"\\') and 100 < len(told["message"]) < 5000


# ---- a full disk ----

@pytest.fixture
def small(tmp_path):
    """A server whose folder is a disk of 256 KiB, and the path that this process sees it at."""
    inside = tmp_path / "disk"
    inside.mkdir()
    space = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*space, "mount", "-t", "tmpfs", "none", inside], capture_output=True).returncode:
        pytest.skip("no mount namespaces here")
    script = 'mount -t tmpfs -o size=256k none "$1" && exec "$0" serve "$1" --port 0 --trials-at-a-time 4'
    with Server(inside, command=[*space, "sh", "-c", script, MUSHIR, inside]) as server:
        yield server, f"/proc/{server.process.pid}/root{inside}"


def fill(folder):
    with contextlib.suppress(OSError), open(f"{folder}/ballast", "ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def test_a_full_disk_refuses_and_leaves_nothing(small):
    server, folder = small
    fill(folder)
    code, refused = server.ask("POST", "experiments", stubbed("whole"), "application/yaml")
    assert code == 507 and "No space left" in refused["error"]
    assert "whole.yaml" not in os.listdir(folder)
    os.unlink(f"{folder}/ballast")
    server.submit(stubbed("whole"))  # its name is not taken


def test_what_is_wanted_is_written_down_once_there_is_room(small):
    server, folder = small
    server.submit(held("kept", folder, parallel=1, trials=1))
    server.until("kept", running(1))
    fill(folder)
    assert server.ask("POST", "experiments/kept/pause")[0] == 200
    assert "pause" not in open(f"{folder}/.mushir-serve.json").read()
    os.unlink(f"{folder}/ballast")
    deadline = time.monotonic() + PATIENCE
    while "pause" not in open(f"{folder}/.mushir-serve.json").read():
        assert time.monotonic() < deadline
        time.sleep(0.1)
