"""A release: archives whose checksums hold, programs that run from them, the same bytes a second time; workflows that call what there is."""
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **options).stdout


def version():
    return run(ROOT / "tools" / "version").strip()


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    if not shutil.which("dpkg-deb") or not (ROOT / "build" / "maps").exists() or not (ROOT / ".git").exists():
        pytest.skip("needs dpkg-deb, static programs and git's commit")
    run(ROOT / "tools" / "release", env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    kept = tmp_path_factory.mktemp("release") / "first"
    shutil.copytree(ROOT / "build" / "release", kept)
    return kept


def test_checksums(release):
    assert run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release).count(": OK") == len(list(release.iterdir())) - 1 == 4


def test_the_programs_run_from_the_archive(release, tmp_path):
    (archive,) = release.glob("*-linux-*.tar.gz")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        tar.extractall(tmp_path, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(tmp_path)
    assert {(m.uid, m.gid, m.mtime) for m in members} == {(0, 0, 1700000000)} and [m.name for m in members] == sorted(m.name for m in members)
    (root,) = tmp_path.iterdir()
    assert root.name == archive.name.removesuffix(".tar.gz")
    for program in (root / "bin").iterdir():
        assert run(program, "--version").startswith(f"{program.name} {version()} ")
    assert (root / "share/doc/mushir/linked/doc/libgsl-dev/copyright").stat().st_size > 1000


def test_the_debian_package(release, tmp_path):
    (package,) = release.glob("*.deb")
    fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "--field", package).splitlines() if line[0] != " ")
    assert fields["Version"] == version() and fields["Package"] == "mushir" and "Depends" not in fields
    assert package.name == f"mushir_{version()}_{fields['Architecture']}.deb"
    owners = {line.split()[1] for line in run("dpkg-deb", "--contents", package).splitlines()}
    assert owners == {"root/root"}
    run("dpkg-deb", "--extract", package, tmp_path)
    assert run(tmp_path / "usr/bin/mushir", "--version").startswith(f"mushir {version()} ")
    pages = tmp_path / "usr/share/man/man1"
    assert {p.name.removesuffix(".1.gz") for p in pages.iterdir()} - {"mushir-service"} == {p.name for p in (tmp_path / "usr/bin").iterdir()}
    assert os.readlink(pages / "mushir-tpe.1.gz") == "mushir-service.1.gz"


def test_the_source_is_what_git_has(release):
    with tarfile.open(release / f"mushir-{version()}.tar.gz") as tar:
        names = {m.name.split("/", 1)[1] for m in tar.getmembers() if m.isfile()}
    assert names == set(run("git", "ls-tree", "-r", "--name-only", "HEAD", cwd=ROOT).splitlines())


def test_twice_the_same(release):
    run(ROOT / "tools" / "release", env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    assert (ROOT / "build" / "release" / "SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()


def test_workflows_call_make_targets_and_tools_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert len(WORKFLOWS) == 2
    called = set()
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                for line in re.findall(r"\bmake ([a-z][a-z -]*)", step.get("run", "")):
                    called |= set(line.split())
                assert all((ROOT / tool).exists() for tool in re.findall(r"\btools/[a-z-]+", step.get("run", "")))
    assert called <= targets and {"test", "release", "images", "push"} <= called
