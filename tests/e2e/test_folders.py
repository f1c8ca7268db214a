"""Hyperband whose promoted trials go on from their predecessors' folders, with a learner that really resumes."""
import json
import math
import random

import pytest

from conftest import experiment
from folders import Loop, state_of

POINTS = 150
PARAMETERS = [("lr", "double", {"min": "0.001", "max": "30", "distribution": "logUniform"}),
              ("decay", "double", {"min": "1e-6", "max": "0.1", "distribution": "logUniform"}),
              ("epochs", "int", {"min": 1, "max": 27})]


def data(seed):
    """Two classes of overlapping points, a constant for the bias."""
    rng = random.Random(seed)
    return [((rng.gauss(label, 1.5), rng.gauss(-label, 1.5), 1.0), label) for label in (rng.choice((0, 1)) for _ in range(POINTS))]


def probability(w, x):
    return 1 / (1 + math.exp(-max(-30, min(30, sum(a * b for a, b in zip(w, x))))))


class Learner:
    """Logistic regression by stochastic gradient descent. `epochs` is the whole training, of which the checkpoint holds a part."""

    def __init__(self, seed):
        self.training, self.validation, self.spent, self.promoted = data(seed), data(seed + 1000), 0, 0

    def __call__(self, folder, assignments):
        state = state_of(folder, {"epoch": 0, "w": [0, 0, 0]})
        promoted = state["epoch"] > 0
        for epoch in range(state["epoch"], int(assignments["epochs"])):
            rate = float(assignments["lr"]) / (1 + epoch)
            for x, label in random.Random(epoch).sample(self.training, POINTS):
                error = label - probability(state["w"], x)
                state["w"] = [w * (1 - rate * float(assignments["decay"])) + rate * error * v for w, v in zip(state["w"], x)]
            self.spent += 1
            self.promoted += promoted
        folder.mkdir(exist_ok=True)
        (folder / "state.json").write_text(json.dumps({**state, "epoch": int(assignments["epochs"])}))
        return -sum(math.log(max(1e-9, probability(state["w"], x) if label else 1 - probability(state["w"], x))) for x, label in self.validation)


def tune(service, data_root, algorithm, learner, folders, name):
    settings = {"r_l": 27, "resource_name": "epochs", "random_state": 3}
    if folders:
        settings["suggestion_trial_dir"] = "/checkpoint"
    loop = Loop(service, data_root, experiment(algorithm, PARAMETERS, settings, name=name), learner)
    assignments = []
    for _ in range(30):
        asked = loop.ask(4)
        assignments += [dict(a) for _, a, _ in asked]
        for i, (trial_name, a, s) in enumerate(asked):  # without folders the controller gives the names
            loop.run((trial_name or f"{name}-{len(loop.trials)}", a, s))
    return assignments


@pytest.mark.parametrize("algorithm, saved", [("hyperband", 0.16), ("asha", 0.25), ("bohb", 0.14)])
def test_a_promoted_trial_goes_on(start_service, tmp_path, algorithm, saved):
    """The same trials in the same order, for a checkpoint is as good as the epochs that it stands for; and a third of what promoted trials cost is saved."""
    service = start_service("hyperband", "--data", str(tmp_path))
    (tmp_path / "plain").mkdir()
    with_folders, without = Learner(1), Learner(1)
    trials = tune(service, tmp_path, algorithm, with_folders, True, "mounted")
    again = tune(service, tmp_path, algorithm, without, False, "plain")
    assert trials == again
    promoted = without.spent - (with_folders.spent - with_folders.promoted)
    print(f"epochs: {with_folders.spent} with folders, {without.spent} without; of promoted trials {with_folders.promoted}, {promoted}")
    assert with_folders.spent <= (1 - saved) * without.spent
    assert with_folders.promoted == promoted * 2 / 3  # from 1 to 3, from 3 to 9, from 9 to 27
