"""The README's Python runs as it stands, one block after the other."""
import importlib.util
import re

from conftest import SOURCE

BLOCKS = re.findall(r"^```python\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)


def train(lr, layers=3, epochs=27):
    return (lr - 0.3) ** 2 + abs(layers - 3) + 1 / epochs


def test_the_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    known = {"train": train, "f": lambda x: x * x}
    ran = [block for block in BLOCKS if "import optuna" not in block or importlib.util.find_spec("optuna")]
    assert ran
    for block in ran:
        if "epochs" in block:
            known["loss"] = train
        exec(block, known)
    assert known["study"].trials and "succeeded" in capsys.readouterr().out

