"""What an image holds, laid out by tools/image-root: the program, its licence texts, and a list of what is linked that scanners read."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((pathlib.Path(__file__).parent / "spdx-2.3.json").read_text())
EPOCH = "1700000000"
MAPS = ROOT / "build" / "maps"

pytestmark = pytest.mark.skipif(not (MAPS / "mushir-random.map").exists(), reason="no static programs are built")


def lay_out(program, folder):
    subprocess.run([ROOT / "tools" / "image-root", program, folder], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    return folder


@pytest.fixture(scope="module", params=["random", "bayesopt", "medianstop"])
def root(request, tmp_path_factory):
    folder = lay_out(request.param, tmp_path_factory.mktemp(request.param) / "root")
    return f"mushir-{request.param}", folder


def contents(folder):
    return {str(p.relative_to(folder)): (p.lstat().st_mode, os.readlink(p) if p.is_symlink() else p.read_bytes()) for p in folder.rglob("*") if not p.is_dir()}


def document(program, folder):
    return json.loads((folder / "usr/share/sbom" / f"{program}.spdx.json").read_text())


def test_the_list_is_spdx(root):
    jsonschema = pytest.importorskip("jsonschema")
    found = document(*root)
    jsonschema.validate(found, SCHEMA)
    assert found["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    ids = [p["SPDXID"] for p in found["packages"]]
    assert len(ids) == len(set(ids)) and {r["relatedSpdxElement"] for r in found["relationships"]} == set(ids)


def test_the_list_is_of_this_program(root):
    program, folder = root
    found = document(*root)
    own = found["packages"][0]
    assert own["name"] == program and own["checksums"][0]["checksumValue"] == hashlib.sha256((folder / "mushir").read_bytes()).hexdigest()
    said = subprocess.run([folder / "mushir", "--version"], check=True, capture_output=True, text=True).stdout
    assert said.startswith(f"{program} {own['versionInfo']} ")


def test_everything_linked_is_listed_with_its_licence_text(root):
    """The packages of the archives that the linker's map names as used."""
    program, folder = root
    used = set(re.findall(r"^(/\S+\.a)\(", (MAPS / f"{program}.map").read_text(errors="replace").partition("Memory Configuration")[0], re.M))
    listed = {p["name"] for p in document(*root)["packages"]}
    packages = {"libc6-dev", "musl-dev"}
    theirs = [p for p in map(os.path.realpath, used) if not p.startswith(str(ROOT)) and not p.endswith("/lib/libgrpc.a") or p.startswith("/usr/lib")]
    packages |= {line.split(":")[0] for line in subprocess.run(["dpkg", "-S", *theirs], check=True, capture_output=True, text=True).stdout.splitlines()}
    assert len(packages) > 8 and packages <= listed
    assert ("libneon27-dev" in listed) == (program == "mushir-medianstop") and ("liblapacke-dev" in listed) == (program != "mushir-medianstop")
    assert listed & {"libgrpc-dev", "grpc-core"}
    for package in packages | {"mushir"}:
        text = (folder / "usr/share/doc" / package / "copyright").read_text()
        assert len(text) > 500
        for name in re.findall(r"/usr/share/common-licenses/([\w.+-]*\w)", text):
            assert (folder / "usr/share/common-licenses" / name).read_text()


def test_scanners_find_the_source_package_of_what_is_linked(root):
    """Weaknesses are filed under the source package: the locator names it with its version, as syft's does."""
    locators = {p["name"]: p["externalRefs"][0]["referenceLocator"] for p in document(*root)["packages"][1:]}
    have, theirs = subprocess.run(["dpkg-query", "-W", "-f", "${Version} ${source:Version}", "libssl-dev"], check=True, capture_output=True, text=True).stdout.split()
    assert locators["libssl-dev"].partition("?")[0].endswith("/libssl-dev@" + urllib.parse.quote(have, ""))
    assert f"upstream=openssl%40{urllib.parse.quote(theirs, '')}" in locators["libssl-dev"].split("&")


def test_twice_the_same(root, tmp_path):
    program, folder = root
    assert contents(lay_out(program.removeprefix("mushir-"), tmp_path / "again")) == contents(folder)
    assert os.readlink(folder / "bin" / "grpc_health_probe") == "/mushir"
