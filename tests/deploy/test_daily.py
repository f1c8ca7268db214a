"""What people type every day: a second `make build` has nothing to do, and the summary of `make test` counts what was skipped."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import ALGORITHMS  # noqa: E402

BUILD = ROOT / "build"


def run(*command, **options):
    return subprocess.run([str(c) for c in command], cwd=ROOT, check=True, capture_output=True, text=True, **options).stdout


def test_nothing_is_built_when_nothing_changed():
    """Configuring again, as every make target does, gives no file another time."""
    if not (BUILD / "build.ninja").exists() or not shutil.which("ninja"):
        pytest.skip("not built with ninja")
    run("cmake", "--build", BUILD)
    run("cmake", BUILD)
    assert "no work to do" in run("cmake", "--build", BUILD).splitlines()[-1]


@pytest.mark.parametrize("lines, total", [
    (["passed  unit: 100% tests passed, 0 tests failed out of 95 (12 s)", "passed  e2e: 310 passed, 4 skipped in 99.12s (0:01:39) (99 s)"], "405 passed, 0 failed, 4 skipped"),
    (["FAILED  unit: 97% tests passed, 3 tests failed out of 95 (12 s)", "passed  style: 6 passed, 0 failed, 1 skipped (9 s)"], "98 passed, 3 failed, 1 skipped"),
    (["FAILED  e2e: 1 failed, 2 passed, 1 error in 9.1s (9 s)", "skipped images: 14 skipped in 0.31s (the reason is above)"], "2 passed, 2 failed, 14 skipped"),
    (["FAILED  unit: see build/test-logs/unit.log (3 s)"], "0 passed, 0 failed, 0 skipped"),
])
def test_the_summary_counts(lines, total):
    assert run("awk", "-f", "tools/tally.awk", input="\n".join(lines) + "\n") == total + "\n"


def test_make_run_knows_the_algorithm_of_every_example():
    """By the line of tools/run that reads it."""
    line = re.search(r"algorithm=\$\((sed .*)\)$", (ROOT / "tools" / "run").read_text(), re.M)[1]
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        wanted = yaml.safe_load(path.read_text())["spec"]["algorithm"]["algorithmName"]
        assert run("bash", "-c", f"file={path}; {line}").strip() == wanted and wanted in ALGORITHMS
