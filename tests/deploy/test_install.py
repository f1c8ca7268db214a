"""`make install` puts every program where it is told, and they run from there; pages and completions stand beside them."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def test_make_install(tmp_path):
    subprocess.run(["make", "install", f"DESTDIR={tmp_path}", "PREFIX=/opt/mushir"], cwd=ROOT, check=True, capture_output=True)
    installed = {p.name: p for p in (tmp_path / "opt" / "mushir" / "bin").iterdir()}
    assert set(installed) == {p.name for p in (ROOT / "build" / "bin").glob("mushir*")}
    for name, path in installed.items():
        assert subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout.startswith(name)
    share = tmp_path / "opt" / "mushir" / "share"
    assert {p.stem for p in (share / "man" / "man1").iterdir()} == set(installed) | {"mushir-service"}
    for place in ("bash-completion/completions/mushir", "zsh/site-functions/_mushir", "fish/vendor_completions.d/mushir.fish"):
        assert "mushir" in (share / place).read_text()
    assert {p.name for p in (tmp_path / "opt" / "mushir").iterdir()} == {"bin", "share"}
