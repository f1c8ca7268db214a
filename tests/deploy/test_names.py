"""One place says what images are called, and one the version: tools/names, tools/version, and what push and manifests make of them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import PROGRAMS  # noqa: E402

REGISTRY = "registry.example/tuning"
# An engine that pushes nowhere; what it is asked stands in a file.
ENGINE = """#!/bin/sh
echo "$@" >>"$ASKED"
[ "$1" != inspect ] || { shift 3; printf '%s@sha256:%064d\\n' "$1" 7; exit; }
while [ $# -gt 1 ]; do [ "$1" != --digestfile ] || printf 'sha256:%064d' 7 >"$2"; shift; done
"""


@pytest.fixture
def tree(tmp_path):
    """A copy of what the tools work on."""
    tree = tmp_path / "tree"
    for name in ("tools", "deploy", "docker", "services/CMakeLists.txt", "CMakeLists.txt", "docs", "README.md"):
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for name in ("podman", "docker"):
        (tmp_path / name).write_text(ENGINE)
        (tmp_path / name).chmod(0o755)

    def run(*command, **environment):
        given = {k: v for k, v in os.environ.items() if k not in ("REGISTRY", "VERSION", "ENGINE")}
        return subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True,
                              env={**given, "ENGINE": str(tmp_path / "podman"), "ASKED": str(tmp_path / "asked"), **environment}).stdout
    run.tree, run.asked, run.engines = tree, tmp_path / "asked", tmp_path
    return run


def images(tree):
    overlays = {p: yaml.safe_load((tree / "build/deploy/standalone" / p / "kustomization.yaml").read_text())["images"] for p in PROGRAMS}
    return overlays, yaml.safe_load((tree / "build/deploy/images.yaml").read_text())["image"]


@pytest.mark.parametrize("registry", [REGISTRY, "Registry.example/Tuning"])
def test_manifests_name_the_registry(tree, registry):
    tree("tools/manifests", REGISTRY=registry, VERSION="7")
    overlays, values = images(tree.tree)
    for program, found in overlays.items():
        assert found == [{"name": "mushir-service", "newName": f"{REGISTRY}/mushir-{program}", "newTag": "7"}]
    assert values == {"registry": REGISTRY, "version": "7", "digests": {}}


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_what_was_pushed_is_deployed_by_digest(tree, engine):
    version = tree("tools/version").strip()
    pushed = tree("tools/push", "tpe", "all", REGISTRY=REGISTRY, ENGINE=str(tree.engines / engine)).splitlines()
    digest = "sha256:" + "0" * 63 + "7"
    assert pushed == [f"{REGISTRY}/mushir-{p}:{version} {digest}" for p in ("tpe", "all")]
    assert [line.split()[-1] for line in tree.asked.read_text().splitlines() if line.startswith("push ")] == [f"{REGISTRY}/mushir-{p}:{version}" for p in ("tpe", "all")]
    tree("tools/manifests", REGISTRY=REGISTRY)
    overlays, values = images(tree.tree)
    assert overlays["tpe"] == [{"name": "mushir-service", "newName": f"{REGISTRY}/mushir-tpe", "digest": digest}]
    assert overlays["random"][0]["newTag"] == version and values["digests"] == {"tpe": digest, "all": digest}
    tree("tools/manifests", REGISTRY="elsewhere")  # where nothing was pushed
    assert images(tree.tree)[1] == {"registry": "elsewhere", "version": version, "digests": {}}


def test_the_version_stands_in_one_place(tree):
    """tools/version leaves the old one nowhere, and changes nothing else."""
    subprocess.run("git init -q . && git add -A", shell=True, cwd=tree.tree, check=True)
    before = tree("tools/version").strip()
    tree("tools/version", "27.31.4")
    assert tree("tools/version").strip() == "27.31.4"
    chart = yaml.safe_load((tree.tree / "deploy/chart/Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == "27.31.4"
    left = subprocess.run(["git", "grep", "-nF", before], cwd=tree.tree, capture_output=True, text=True).stdout
    assert not re.findall(rf".*(?<![\d.]){re.escape(before)}(?![\d.]).*", left)
    assert yaml.safe_load((tree.tree / "docker/compose.yaml").read_text())["services"]["tpe"]["image"] == "${REGISTRY:-localhost}/mushir-tpe:${VERSION:-27.31.4}"
    tree("tools/version", before)
    assert not subprocess.run(["git", "diff", "--stat"], cwd=tree.tree, capture_output=True, text=True).stdout
    with pytest.raises(subprocess.CalledProcessError):
        tree("tools/version", "next")


def test_the_changelog_begins_with_what_is_not_released_or_this_version():
    version = subprocess.run([ROOT / "tools" / "version"], capture_output=True, text=True, check=True).stdout.strip()
    headings = re.findall(r"^## \[([^]]+)\]( - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings and all(day or name == "Unreleased" for name, day in headings)
    assert headings[0][0] in ("Unreleased", version)
