"""Two trainings whose best schedule is known: a turn takes a checkpoint and parameters, and gives a checkpoint and a value to maximize."""


class Triangle:
    parameters = {"lr": (0.0001, 0.02)}
    start = 0.0
    first = []

    def __init__(self, rng):
        self.rng = rng

    def turn(self, accuracy, x):
        for _ in range(3):
            best = min(0.01, max(0.001, 0.01 * (accuracy if accuracy < 50 else 100 - accuracy) / 50))
            error = max(x["lr"], best) / min(x["lr"], best)
            if error < 3:
                accuracy += self.rng.random() / error
            elif x["lr"] > best:
                accuracy -= (error - 3) * self.rng.random()
            accuracy = max(0.0, accuracy + 2 * self.rng.gauss(0, 1))
        return accuracy, accuracy


class Quadratic:
    parameters = {"h0": (0, 1), "h1": (0, 1)}
    start = (0.9, 0.9)
    first = [{"h0": 1, "h1": 0}, {"h0": 0, "h1": 1}]

    def __init__(self, rng):
        pass

    def turn(self, theta, x):
        for _ in range(4):
            theta = tuple(t - 0.02 * 2 * x[h] * t for t, h in zip(theta, ("h0", "h1")))
        return theta, 1.2 - sum(t * t for t in theta)
