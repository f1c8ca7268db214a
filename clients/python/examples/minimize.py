"""A logistic regression on two noisy clouds, tuned in one call."""
import math
import random

import mushir

draw = random.Random(0)
DATA = [((draw.gauss(label, 1.0), draw.gauss(-label, 1.5)), label) for label in (0, 1) for _ in range(100)]


def loss(lr, penalty, epochs):
    """Mean log loss after some epochs of gradient descent, on the half that was not trained on."""
    w = [0.0, 0.0, 0.0]
    for _ in range(epochs):
        for (x, y), label in DATA[::2]:
            error = label - 1 / (1 + math.exp(-max(-30.0, min(30.0, w[0] * x + w[1] * y + w[2]))))
            w = [w[0] + lr * (error * x - penalty * w[0]), w[1] + lr * (error * y - penalty * w[1]), w[2] + lr * error]
    held = [(w[0] * x + w[1] * y + w[2]) * (2 * label - 1) for (x, y), label in DATA[1::2]]
    return sum(math.log1p(math.exp(-max(-30.0, margin))) for margin in held) / len(held)


study = mushir.minimize(
    loss, {"lr": mushir.Float(1e-4, 1, log=True), "penalty": mushir.Float(1e-6, 1, log=True), "epochs": mushir.Int(1, 20)}, trials=40)
for trial in sorted(study.trials, key=lambda trial: trial.value)[:3]:
    print(f"{trial.value:.4f}  {trial.params}")
