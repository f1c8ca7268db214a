"""`make install` puts every program where it is told, and they run from there."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def test_make_install(tmp_path):
    subprocess.run(["make", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/mushir"], cwd=ROOT, check=True, capture_output=True)
    installed = {p.name: p for p in (tmp_path / "opt" / "mushir" / "bin").iterdir()}
    assert set(installed) == {p.name for p in (ROOT / "build" / "bin").glob("mushir*")}
    for name, path in installed.items():
        assert subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout.startswith(name)
    assert not list((tmp_path / "opt" / "mushir").glob("[!b]*"))  # nothing but programs
