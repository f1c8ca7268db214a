"""A service to be attacked: in a memory cgroup where one can be made, and watched from outside."""
import functools
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from attack import PINNED
from http2 import CHECK, SERVING, SUGGEST, ask, question

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("MUSHIR_BIN", ROOT / "build" / "bin")).resolve()
SANITIZED = "asan" in str(BIN)
LIMIT_MIB = 100  # of Katib's suggestion pods
FLAGS = ("--workers", "1", "--memory-mib", "50", "--max-request-mib", "12", "--clients-mib", "37")  # what the defaults come to under that limit
ASKED = question(["lr", "momentum", "width"], 3)
LAST_UNBOUNDED_CORE = 29  # of gRPC 1.51; newer ones judge a block of headers as it arrives
MOST_THREADS = max(8, min(os.cpu_count(), 16)) + 8  # of core's pool as tools/grpc bounds it, and the program's
CGROUPS = pathlib.Path("/sys/fs/cgroup")


@functools.cache
def core_version():
    """Of the gRPC core inside, which has numbers of its own: 29 is that of gRPC 1.51."""
    said = subprocess.run([BIN / "mushir-random", "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"gRPC core (\d+[\d.]*)", said)[1]


def lacks(defence):
    """Whether the programs do not have what an attack needs to be borne (`attack.PINNED`)."""
    return defence == PINNED and int(core_version().split(".")[0]) <= LAST_UNBOUNDED_CORE


class Cgroup:
    """A group with a limit, of either version; `made` is false where none can be had."""

    def __init__(self, mib):
        name = f"mushir-attacks-{os.getpid()}-{time.monotonic_ns()}"
        second = (CGROUPS / "cgroup.controllers").exists()
        self.path = (CGROUPS if second else CGROUPS / "memory") / name
        self.peak_file = self.path / ("memory.peak" if second else "memory.max_usage_in_bytes")
        self.made = False
        if SANITIZED:
            return
        try:
            self.path.mkdir()
            limits = {"memory.max": mib << 20, "memory.swap.max": 0} if second else {"memory.limit_in_bytes": mib << 20, "memory.memsw.limit_in_bytes": mib << 20}
            for file, bytes_ in limits.items():
                if (self.path / file).exists() or file in ("memory.max", "memory.limit_in_bytes"):
                    (self.path / file).write_text(str(bytes_))
            self.made = True
        except OSError:
            self.remove()

    def wrapper(self):
        return ("sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh") if self.made else ()

    def peak_mib(self):
        return int(self.peak_file.read_text()) / 2**20 if self.made and self.peak_file.exists() else None

    def remove(self):
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.02)  # its last process is still being buried


class Service:
    """mushir-random with an admin port, under Katib's limit. Use as a context manager."""

    def __init__(self):
        self.cgroup = Cgroup(LIMIT_MIB)
        self.log = tempfile.NamedTemporaryFile(prefix="mushir-attacked-", suffix=".log")
        self.process = subprocess.Popen([*self.cgroup.wrapper(), BIN / "mushir-random", "--host", "127.0.0.1", "--port", "0", "--admin-port", "0", *FLAGS],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.port = int(self.process.stdout.readline())
        while not (announced := re.search(r"admin_port=(\d+)", self.log_text())):
            time.sleep(0.01)
        self.admin_port = int(announced[1])
        self.seen_mib = self.seen_threads = 0
        self.expected = ask(self.port, SUGGEST, ASKED, 60)[1]
        assert self.expected, "no answer before the attack"

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def look(self):
        """Notes how much it holds and how many threads it has now."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            self.seen_mib = max([self.seen_mib, *(int(kib) / 1024 for kib in re.findall(r"VmHWM:\s+(\d+)", status))])
            self.seen_threads = max([self.seen_threads, *map(int, re.findall(r"Threads:\s+(\d+)", status))])
        except OSError:
            pass

    def level_mib(self):
        """Resident memory now; 0 when it has ended."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0
        held = re.search(r"VmRSS:\s+(\d+)", status)
        return int(held[1]) / 1024 if held else 0

    def peak_mib(self):
        """The most that it held: by the cgroup, which may count the program's own pages elsewhere, and by the process as last seen."""
        return max(self.cgroup.peak_mib() or 0, self.seen_mib)

    def health(self, timeout):
        """Seconds until health answered; None for no or another answer."""
        status, body, seconds = ask(self.port, CHECK, b"", timeout)
        return seconds if status == 0 and body == SERVING else None

    def answers(self, timeout):
        """Whether the question of before gets the same bytes."""
        status, body, _ = ask(self.port, SUGGEST, ASKED, timeout)
        return status == 0 and body == self.expected

    def stop(self):
        """The exit status; None when SIGTERM was not obeyed in 30 s."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            self.process.stdout.close()
            self.log.close()
            self.cgroup.remove()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
