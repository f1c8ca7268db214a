#!/usr/bin/env python3
"""What early stopping saves and costs, with 60 random trials of four families, four at a time.

    stopping.py [--program ../../build/bench/bench-stopping] [--seeds 40]

cross 0, 0.5, 1: multifidelity.py's curves, which end where their formula says, with noise; the more cross, the more often slow trials
overtake fast ones. networks: validation losses of small networks (one hidden layer of 24, three spirals, 30 epochs) that are trained here,
each with its own learning rate, momentum, weight decay and scale of the weights. Printed per family and stopper, at its defaults: the mean
share of epochs saved, of trials stopped, and the regret of the trial whose reports were best, with the standard error of its difference to
no stopping. Lower regret is better."""
import argparse
import math
import pathlib
import random
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import multifidelity  # noqa: E402

TRIALS, EPOCHS, HIDDEN, BATCH, CLASSES = 60, 30, 24, 32, 3


def formula(cross, seed):
    """(reports of each trial, true end of each)"""
    curves, rng = multifidelity.Curves(cross, seed), random.Random(500 + seed)
    points = [multifidelity.draw(rng, multifidelity.Curves.params) for _ in range(TRIALS)]
    return [[curves.at(x, epoch, rng) for epoch in range(1, multifidelity.R + 1)] for x in points], [curves.end(x) for x in points]


def spirals(rng, points=400):
    share, inputs, labels = points // CLASSES, [], []
    for label in range(CLASSES):
        radius = np.linspace(0.1, 1, share)
        angle = 2.1 * label + 3.5 * (radius - 0.1) / 0.9 + rng.normal(0, 0.25, share)
        inputs.append(np.c_[radius * np.sin(angle), radius * np.cos(angle)])
        labels += [label] * share
    order = rng.permutation(share * CLASSES)
    return np.vstack(inputs)[order], np.array(labels)[order]


def output(weights, inputs):
    """(hidden values, probabilities) of every network."""
    hidden = np.tanh(inputs @ weights[0] + weights[1])
    logits = hidden @ weights[2] + weights[3]
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    return hidden, scores / scores.sum(-1, keepdims=True)


def networks(seed):
    """All trials at once, each a network of a batched product; the end of one is its least validation loss."""
    rng = np.random.default_rng(seed)
    inputs, labels = spirals(rng)
    half = len(inputs) // 2
    rate, decay, momentum, scale = 10 ** rng.uniform(-3, 0.7, TRIALS), 10 ** rng.uniform(-5, -1.5, TRIALS), rng.uniform(0, 0.95, TRIALS), 10 ** rng.uniform(-1, 0.6, TRIALS)
    rate, decay, momentum, scale = (v[:, None, None] for v in (rate, decay, momentum, scale))
    weights = [rng.normal(size=(TRIALS, 2, HIDDEN)) * scale, np.zeros((TRIALS, 1, HIDDEN)),
               rng.normal(size=(TRIALS, HIDDEN, CLASSES)) * scale / math.sqrt(HIDDEN), np.zeros((TRIALS, 1, CLASSES))]
    velocity, losses = [np.zeros_like(w) for w in weights], []
    for _ in range(EPOCHS):
        order = rng.permutation(half)
        for first in range(0, half, BATCH):
            rows = order[first:first + BATCH]
            hidden, error = output(weights, inputs[rows])
            error[:, np.arange(len(rows)), labels[rows]] -= 1
            error /= len(rows)
            below = (error @ weights[2].transpose(0, 2, 1)) * (1 - hidden * hidden)
            gradients = [inputs[rows].T @ below, below.sum(1, keepdims=True), hidden.transpose(0, 2, 1) @ error, error.sum(1, keepdims=True)]
            for i, gradient in enumerate(gradients):
                velocity[i] = momentum * velocity[i] - rate * (gradient + decay * weights[i])
                weights[i] = weights[i] + velocity[i]
        probability = output(weights, inputs[half:])[1][:, np.arange(len(inputs) - half), labels[half:]]
        losses.append(np.minimum(-np.log(np.maximum(probability, 1e-9)).mean(-1), 20))
    curves = np.array(losses).T
    return curves.tolist(), (curves.min(1) - curves.min()).tolist()


FAMILIES = {"cross 0": lambda seed: formula(0.0, seed), "cross 0.5": lambda seed: formula(0.5, seed), "cross 1": lambda seed: formula(1.0, seed),
            "networks": networks}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE.parent.parent / "build" / "bench" / "bench-stopping"))
    parser.add_argument("--seeds", type=int, default=40)
    arguments = parser.parse_args()
    saved = {}
    for family, make in FAMILIES.items():
        made = [make(seed) for seed in range(arguments.seeds)]
        text = "".join("".join(" ".join(map(repr, curve)) + "\n" for curve in curves) + "\n" for curves, _ in made)
        lines = subprocess.run([arguments.program], input=text, check=True, capture_output=True, text=True).stdout.split("\n")
        found, best = {}, {}
        for number, line in enumerate(filter(None, lines)):
            name, share, stopped, index = line.split()
            found.setdefault(name, []).append((float(share), float(stopped), made[number // (len(lines) // len(made))][1][int(index)]))
        for name, rows in found.items():
            rows = np.array(rows)
            lost = rows[:, 2] - np.array(found["none"])[:, 2]
            saved.setdefault(name, []).append(rows[:, 0].mean())
            print(f"{family:10} {name:15} saved {rows[:, 0].mean():.3f}  stopped {rows[:, 1].mean():.2f}  regret {rows[:, 2].mean():.4f}"
                  f"  (lost {lost.mean():+.4f} ± {lost.std(ddof=1) / math.sqrt(len(lost)):.4f})")
    print("\n".join(f"{name:15} saved in the mean {np.mean(shares):.3f}" for name, shares in saved.items()))


if __name__ == "__main__":
    main()
