"""The package put together as the wheel has it, with the programs of build/bin."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("MUSHIR_BIN", ROOT / "build" / "bin")).resolve()
SOURCE = ROOT / "clients" / "python"
_scratch = tempfile.TemporaryDirectory(prefix="mushir-python-")
PACKAGES = pathlib.Path(_scratch.name)

shutil.copytree(SOURCE / "mushir", PACKAGES / "mushir", ignore=shutil.ignore_patterns("__pycache__"))
shutil.copy(BIN.parent / "proto" / "descriptors.pb", PACKAGES / "mushir")
sys.path.insert(0, str(PACKAGES))
os.environ["MUSHIR_PROGRAM"] = str(BIN / "mushir-all")

import mushir  # noqa: E402


@pytest.fixture(scope="session")
def service():
    """One service for all tests that do not care which."""
    with mushir.Service() as running:
        yield running


@pytest.fixture
def study_of(service):
    """study_of(space, ...): a Study at that service, closed at the end of the test."""
    studies = []

    def make(space, *args, **options):
        studies.append(mushir.Study(space, *args, service=service, **options))
        return studies[-1]

    yield make
    for study in studies:
        study.close()


def bowl(x, y):
    """Smallest, 0, at (1, -2)."""
    return (x - 1) ** 2 + (y + 2) ** 2


BOWL = {"x": mushir.Float(-5, 5), "y": mushir.Float(-5, 5)}
