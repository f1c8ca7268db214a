"""The Python of the package's README, and of the repository's, runs as it stands, one block after the other."""
import importlib.util
import re

from conftest import ROOT, SOURCE


def blocks(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)


def train(lr, layers=3, epochs=27):
    return (lr - 0.3) ** 2 + abs(layers - 3) + 1 / epochs


def test_the_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    known = {"train": train, "f": lambda x: x * x}
    ran = [block for block in blocks(SOURCE / "README.md") if "import optuna" not in block or importlib.util.find_spec("optuna")]
    assert ran
    for block in ran:
        if "epochs" in block:
            known["loss"] = train
        exec(block, known)
    assert known["study"].trials and "succeeded" in capsys.readouterr().out


def test_the_repositorys_first_example(capsys):
    (block,) = blocks(ROOT / "README.md")
    known = {}
    exec(block, known)
    assert known["study"].best.params["layers"] == 1 and "'lr'" in capsys.readouterr().out

