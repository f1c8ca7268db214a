"""Programs for arm64, which `PLATFORM=linux/arm64 make images` cross-compiles, on an emulated processor beside those of build/bin."""
import datetime
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from conftest import ROOT, SERVICES, Service, pb2, request  # noqa: E402
from test_images import experiment_for  # noqa: E402

EMULATOR = shutil.which("qemu-aarch64")
ROOTS = ROOT / "build" / "images-arm64"


def listed(program):
    return json.loads((ROOTS / program / "usr/share/sbom" / f"mushir-{program}.spdx.json").read_text())


def of_this_commit(program):
    """What is linked says when its commit was made; programs of another commit may answer otherwise."""
    made = datetime.datetime.fromisoformat(listed(program)["creationInfo"]["created"].replace("Z", "+00:00"))
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() == str(int(made.timestamp()))


BUILT = [p.parent.name for p in sorted(ROOTS.glob("*/mushir")) if of_this_commit(p.parent.name)]
pytestmark = pytest.mark.skipif(not (EMULATOR and BUILT), reason="no qemu-user here, or no programs for arm64 of this commit")


@pytest.mark.parametrize("program", BUILT or ["none"])
def test_it_runs_and_lists_packages_for_arm64(program):
    said = subprocess.run([EMULATOR, ROOTS / program / "mushir", "--version"], check=True, capture_output=True, text=True).stdout
    own, *linked = listed(program)["packages"]
    assert said.startswith(f"mushir-{program} {own['versionInfo']} ")
    locators = [p["externalRefs"][0]["referenceLocator"] for p in linked if p["name"] != "grpc-core"]
    assert len(locators) > 8 and all("?arch=arm64&" in where or "?arch=all&" in where and "-arm64-cross@" in where for where in locators)
    assert any("/libc6-dev@" in where for where in locators)  # not the cross compiler's copy, which gets no security releases


@pytest.mark.parametrize("service", [s for s in SERVICES if s in BUILT and s != "cmaes"] or ["none"])  # whose steps are normal
def test_the_same_bytes_where_no_library_computes(service):
    """Without log and normal distributions, before there are trials: the rest is the libraries' fused multiply-add (docs/adr/0011)."""
    e = experiment_for(service)
    plain = [p for p in e.spec.parameter_specs.parameters if p.feasible_space.distribution == pb2.DISTRIBUTION_UNSPECIFIED]
    del e.spec.parameter_specs.parameters[:]
    e.spec.parameter_specs.parameters.extend(plain)
    asked = request(e, [], 4).SerializeToString(deterministic=True)
    with Service(service) as here, Service(service, program=ROOTS / service / "mushir", wrapper=[EMULATOR]) as there:
        assert here.call("GetSuggestions", asked) == there.call("GetSuggestions", asked, 120)
