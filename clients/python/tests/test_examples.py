"""Every example runs, each in a folder of its own; a notebook's cells one after the other."""
import importlib.util
import json
import os
import subprocess
import sys

import pytest
from conftest import PACKAGES, SOURCE

EXAMPLES = SOURCE / "examples"


def run(path, *arguments, cwd):
    if path.name.startswith("optuna_") and not importlib.util.find_spec("optuna"):
        pytest.skip("no optuna here")
    done = subprocess.run([sys.executable, path, *arguments], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGES)})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_example(path, tmp_path):
    assert run(path, cwd=tmp_path)


def test_the_resumed_example_goes_on(tmp_path):
    whole = run(EXAMPLES / "resume.py", cwd=tmp_path).splitlines()
    saved = json.loads((tmp_path / "study.json").read_text())
    del saved["trials"][25:]
    (tmp_path / "study.json").write_text(json.dumps(saved))
    again = run(EXAMPLES / "resume.py", cwd=tmp_path).splitlines()
    assert again[0] == "going on after 25 trials" and len(whole) == 1 and "succeeded" in again[1]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(path.read_text())
    assert notebook["nbformat"] == 4
    known = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None  # nothing of somebody's machine
            exec("".join(cell["source"]), known)
    assert known["study"].best.value < 2
