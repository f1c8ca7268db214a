"""What the package promises with py.typed."""
import importlib.util
import subprocess
import sys

import pytest
from conftest import PACKAGES, SOURCE

# The types that a caller sees: each comment is what mypy has to say of the line, or nothing.
CALLER = """
import mushir

def square(x: float) -> float:
    return x * x

study = mushir.Study({"x": mushir.Float(0, 1), "k": ["a", "b"]}, "tpe", direction="maximize")
one: mushir.Trial = study.ask()
some: list[mushir.Trial] = study.ask(3)
wrong: mushir.Trial = study.ask(3)  # Incompatible types in assignment
study.tell(one, 1.0, state="done")  # incompatible type
mushir.Study({"x": mushir.Float(0, 1)}, direction="up")  # incompatible type
value: float = mushir.minimize(square, {"x": mushir.Float(0, 1)}, trials=3).best.value or 0.0
"""


def mypy(*arguments, **options):
    if not importlib.util.find_spec("mypy"):
        pytest.skip("no mypy here")
    return subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", PACKAGES / ".mypy", "--config-file", SOURCE / "pyproject.toml", *arguments],
                          cwd=PACKAGES, capture_output=True, text=True, **options)


def test_the_package_passes_strict():
    done = mypy("mushir")
    assert done.returncode == 0, done.stdout + done.stderr


def test_callers_are_checked(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    said = mypy(tmp_path / "caller.py").stdout
    for number, line in enumerate(CALLER.splitlines(), 1):
        of_line = [words for words in said.splitlines() if f"caller.py:{number}: error" in words]
        expected = line.partition("  # ")[2]
        assert all(expected and expected in words for words in of_line) and bool(of_line) == bool(expected), said
