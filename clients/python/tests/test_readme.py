"""The README's Python runs as it stands, one block after the other."""
import re

from conftest import SOURCE

import mushir

BLOCKS = re.findall(r"^```python\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)


def train(lr, layers=3, epochs=27):
    return (lr - 0.3) ** 2 + abs(layers - 3) + 1 / epochs


def test_the_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    known = {"train": train, "f": lambda x: x * x}
    assert BLOCKS
    for block in BLOCKS:
        if "epochs" in block:
            known["loss"] = train
        exec(block, known)
    assert isinstance(known["study"], mushir.Study) and "succeeded" in capsys.readouterr().out

