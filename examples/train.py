#!/usr/bin/env python3
"""A small neural network that learns to tell two spirals apart: one hidden layer, momentum, weight decay. Plain Python, under a second."""
import argparse
import math
import random

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--learning-rate", type=float, default=0.05)
parser.add_argument("--momentum", type=float, default=0.5)
parser.add_argument("--weight-decay", type=float, default=1e-4)
parser.add_argument("--hidden", type=int, default=8)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--activation", choices=["tanh", "relu", "sigmoid"], default="tanh")
parser.add_argument("--epochs", type=int, default=30)
options = parser.parse_args()

ACTIVATIONS = {  # value, and slope given the value
    "tanh": (math.tanh, lambda y: 1 - y * y),
    "relu": (lambda x: x if x > 0 else 0.0, lambda y: 1.0 if y > 0 else 0.0),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-max(-60.0, min(60.0, x)))), lambda y: y * (1 - y)),
}
activate, slope = ACTIVATIONS[options.activation]
sigmoid = ACTIVATIONS["sigmoid"][0]


def spirals(count, seed):
    """Points of two interleaved spirals, as ((x, y, radius, 1), label)."""
    source = random.Random(seed)
    points = []
    for i in range(count):
        label = i % 2
        turn = 0.6 + 4.2 * source.random()
        angle = turn + math.pi * label
        x = turn * math.cos(angle) / 4 + source.gauss(0, 0.1)
        y = turn * math.sin(angle) / 4 + source.gauss(0, 0.1)
        points.append(((x, y, math.hypot(x, y), 1.0), label if source.random() > 0.05 else 1 - label))  # a few are mislabelled
    return points


def forward(inner, outer, x):
    hidden = [activate(sum(w * v for w, v in zip(row, x))) for row in inner]
    return hidden, sigmoid(sum(w * h for w, h in zip(outer, hidden)) + outer[-1])


def evaluate(inner, outer, points):
    loss = hits = 0
    for x, label in points:
        p = min(max(forward(inner, outer, x)[1], 1e-12), 1 - 1e-12)
        loss -= math.log(p if label else 1 - p)
        hits += (p > 0.5) == label
    return loss / len(points), hits / len(points)


def main():
    source = random.Random(1)
    train, test = spirals(160, 2), spirals(120, 3)
    inner = [[source.gauss(0, 1) for _ in range(4)] for _ in range(options.hidden)]
    outer = [source.gauss(0, 0.5) for _ in range(options.hidden + 1)]
    inner_speed = [[0.0] * 4 for _ in inner]
    outer_speed = [0.0] * len(outer)
    for epoch in range(1, options.epochs + 1):
        source.shuffle(train)
        for start in range(0, len(train), options.batch_size):
            batch = train[start:start + options.batch_size]
            inner_slope = [[options.weight_decay * w for w in row] for row in inner]
            outer_slope = [options.weight_decay * w for w in outer]
            for x, label in batch:
                hidden, p = forward(inner, outer, x)
                wrong = (p - label) / len(batch)
                for j, h in enumerate(hidden):
                    outer_slope[j] += wrong * h
                    back = wrong * outer[j] * slope(h)
                    row = inner_slope[j]
                    for k in range(4):
                        row[k] += back * x[k]
                outer_slope[-1] += wrong
            for j in range(len(outer)):
                outer_speed[j] = options.momentum * outer_speed[j] - options.learning_rate * outer_slope[j]
                outer[j] += outer_speed[j]
            for j, row in enumerate(inner):
                for k in range(4):
                    inner_speed[j][k] = options.momentum * inner_speed[j][k] - options.learning_rate * inner_slope[j][k]
                    row[k] += inner_speed[j][k]
        if epoch % 3 == 0 or epoch == options.epochs:
            loss, accuracy = evaluate(inner, outer, test)
            print(f"epoch {epoch}: loss={loss:.5f} accuracy={accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
