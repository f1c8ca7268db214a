"""The wheel: one install, nothing else."""
import importlib.util
import os
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT

FIVE_LINES = """
import mushir
def loss(lr, layers): return (lr - 0.3) ** 2 + abs(layers - 3)
study = mushir.minimize(loss, {"lr": mushir.Float(0, 1), "layers": mushir.Int(1, 8)}, trials=30)
print(study.best)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if not all(map(importlib.util.find_spec, ("pip", "setuptools", "wheel"))):
        pytest.skip("no pip, setuptools and wheel here")
    done = subprocess.run([ROOT / "tools" / "wheel", tmp_path_factory.mktemp("wheel")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_installed_in_a_fresh_environment_it_tunes_a_function(wheel, tmp_path):
    """Nothing is fetched: grpcio and protobuf are the system's."""
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", tmp_path], check=True)
    python = tmp_path / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", wheel], check=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MUSHIR_", "PYTHONPATH"))}
    done = subprocess.run([python, "-c", FIVE_LINES], cwd=tmp_path, env={**clean, "PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True)
    assert done.returncode == 0 and "layers=3" in done.stdout, done.stdout + done.stderr


def test_the_tag_is_true(wheel):
    """A static program runs with any C library; one that is not would be for this system only."""
    with zipfile.ZipFile(wheel) as files:
        program = files.read("mushir/bin/mushir-all")
        tags = {line for name in files.namelist() if name.endswith("/WHEEL") for line in files.read(name).decode().split("\n")}
        assert files.getinfo("mushir/bin/mushir-all").external_attr >> 16 & 0o111
    program_headers = int.from_bytes(program[32:40], "little")
    kinds = {int.from_bytes(program[at:at + 4], "little") for at in
             range(program_headers, program_headers + 56 * int.from_bytes(program[56:58], "little"), 56)}
    static = 3 not in kinds  # PT_INTERP
    machine = os.uname().machine
    assert (f"Tag: py3-none-manylinux_2_17_{machine}" in tags) == (f"Tag: py3-none-musllinux_1_1_{machine}" in tags) == static
    assert (f"Tag: py3-none-linux_{machine}" in tags) != static and "Root-Is-Purelib: false" in tags
