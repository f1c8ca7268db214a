"""Each attack of the catalogue, briefly: the service lives, keeps its memory, and gives the same bytes as before."""
import pytest

import catalogue  # noqa: F401, it fills the list
from attack import ATTACKS
from encounter import one
from target import lacks

SECONDS = 0.5  # `make attacks` takes longer
PATIENCE = 30  # seconds; a machine that is busy with other tests answers late


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack):
    if lacks(attack.needs):
        pytest.skip(f"needs {attack.needs}")
    result = one(attack, SECONDS, PATIENCE)
    assert result.faults(PATIENCE) == [], result
