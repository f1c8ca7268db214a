"""The client beside the originals: the kubelet's expansion, kubectl's YAML, Go's regular expressions; 10,000 generated cases each."""
import json
import os
import shutil
import subprocess

import pytest

from conftest import BIN, ROOT

DRIVER = BIN.parent / "tests" / "differential_driver"


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    if not shutil.which("go") or not os.access(DRIVER, os.X_OK):
        pytest.skip("Go or the driver is not here")
    program = tmp_path_factory.mktemp("go") / "differential"
    built = subprocess.run(["go", "build", "-buildvcs=false", "-o", program, "."], cwd=ROOT / "tests" / "differential" / "originals", capture_output=True, text=True, timeout=600)
    if built.returncode:
        pytest.skip(f"the originals cannot be built here: {built.stderr[-200:]}")
    return program


def frames(data):
    at, found = 0, []
    while at < len(data):
        end = data.index(b"\n", at)
        size = int(data[at:end])
        found.append(data[end + 1:end + 1 + size])
        at = end + 1 + size
    return found


def canonical(text):
    """JSON with every number as a double: a whole one beyond 2^53 is one to the original too."""
    try:
        return json.loads(text, parse_int=float)
    except ValueError:
        return text


@pytest.mark.parametrize("kind", ["expand", "yaml", "regexp"])
def test_the_originals_answer_the_same(kind, originals, tmp_path):
    subprocess.run([originals, kind, "10000", "7", tmp_path], check=True)
    ours = subprocess.run([DRIVER, kind], input=(tmp_path / "cases").read_bytes(), capture_output=True, check=True).stdout
    cases, theirs = frames((tmp_path / "cases").read_bytes()), frames((tmp_path / "answers").read_bytes())
    assert len(cases) == 10000
    read = canonical if kind == "yaml" else bytes
    different = [(c, t, o) for c, t, o in zip(cases, theirs, frames(ours), strict=True) if read(t) != read(o)]
    assert not different, f"{len(different)} differ, first {different[:3]}"
