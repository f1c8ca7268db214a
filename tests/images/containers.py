"""Containers for the image tests: whichever engine runs here, images of the programs in build/bin, and a service in each."""
import os
import pathlib
import shutil
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIRST_PORT = int(os.environ.get("IMAGE_TEST_PORT", "6870"))


def run(*command, check=True, timeout=300):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode:
        raise RuntimeError(f"{command} gave {done.returncode}: {done.stdout}{done.stderr}")
    return done


def engine_command():
    """docker when its daemon answers, else podman; with the runtime that is installed."""
    if shutil.which("docker") and run("docker", "info", check=False).returncode == 0:
        return ["docker"]
    if shutil.which("podman"):
        return ["podman"] if shutil.which("crun") else ["podman", "--runtime", "runc"]
    return None


class Engine:
    LIMITS = ["--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--memory", "100m", "--memory-swap", "100m",
              "--cpus", "0.5", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--user", "1000660000:0"]

    def __init__(self, command):
        self.command = command

    def __call__(self, *arguments, **options):
        return run(*self.command, *arguments, **options)

    def inspect(self, name, template):
        return self("inspect", "-f", template, name).stdout.strip()


def can_run(engine, folder):
    """Whether containers run here at all: asked with a program that cannot fail for reasons of ours. None, or why not."""
    (folder / "probe.c").write_text("int main(void) { return 42; }\n")
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY probe /probe\nENTRYPOINT ["/probe"]\n')
    run("gcc", "-static", "-o", folder / "probe", folder / "probe.c")
    flags = [] if engine.command[0] == "docker" else ["--format", "oci"]
    built = engine("build", "-q", *flags, "-t", "localhost/mushir-probe", folder, check=False)
    if built.returncode:
        return built.stderr.strip()[-300:]
    ran = engine("run", "--rm", *engine.LIMITS, "localhost/mushir-probe", check=False)
    engine("rmi", "-f", "localhost/mushir-probe", check=False)
    return None if ran.returncode == 42 else ran.stderr.strip()[-300:]


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    command = engine_command()
    if not command:
        pytest.skip("no docker daemon and no podman here")
    engine = Engine(command)
    reason = can_run(engine, tmp_path_factory.mktemp("probe"))
    if reason:
        pytest.skip(f"containers cannot run here: {reason}")
    return engine


@pytest.fixture(scope="session")
def images(engine):
    """{service: image}, packaged from build/bin."""
    lines = run("env", f"ENGINE={engine.command[0]}", ROOT / "tools" / "images", "--binary").stdout.split()
    return {line.rsplit("/mushir-", 1)[1].rsplit(":", 1)[0]: line for line in lines}


class Container:
    """One image as Katib would run it: no arguments, default limits, nothing writable but what |flags| mount, no capability, a user it has never heard of."""

    def __init__(self, engine, image, port, inside=6789, flags=()):
        self.engine, self.name, self.port = engine, f"mushir-test-{os.getpid()}-{port}", port
        engine("run", "-d", "--name", self.name, *engine.LIMITS, "-p", f"127.0.0.1:{port}:{inside}", *flags, image)
        self.pid = int(engine.inspect(self.name, "{{.State.Pid}}"))
        self.address = f"127.0.0.1:{port}"

    def wait_for_log(self, text, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            logs = self.engine("logs", self.name)
            if text in logs.stdout + logs.stderr:
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} does not say '{text}'")

    def peak_mib(self):
        """The process's largest resident size so far."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def remove(self):
        self.engine("rm", "-f", self.name, check=False)
