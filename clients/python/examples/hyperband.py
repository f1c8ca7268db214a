"""Short trainings first; the best go on from their checkpoints."""
import json
import os
import tempfile

import mushir


def train(folder, lr, epochs):
    """Gradient descent down a valley, from the checkpoint that may lie in the folder."""
    checkpoint = os.path.join(folder, "state.json")
    state = {"epoch": 0, "x": 4.0, "y": 4.0}
    if os.path.exists(checkpoint):
        with open(checkpoint) as file:
            state = json.load(file)
    while state["epoch"] < epochs:
        state = {"epoch": state["epoch"] + 1, "x": state["x"] * (1 - 2 * lr), "y": state["y"] * (1 - 0.1 * lr)}
    with open(checkpoint, "w") as file:
        json.dump(state, file)
    return state["x"] ** 2 + 0.05 * state["y"] ** 2


space = {"lr": mushir.Float(1e-3, 2, log=True), "epochs": mushir.Int(1, 27)}
with tempfile.TemporaryDirectory() as folder, mushir.Study(space, "hyperband", resource="epochs", folder=folder) as study:
    while len(study.trials) < 60:
        trial = study.ask()
        study.tell(trial, train(trial.folder, **trial.params))
    print(study.best)
    print("trials by epochs:", {epochs: sum(t.params["epochs"] == epochs for t in study.trials) for epochs in (1, 3, 9, 27)})
