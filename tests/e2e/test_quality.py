"""The table of `make quality`: ratios and errors by hand, problems as declared, and stored runs that it can read."""
import csv
import glob
import io
import math
import os
import sys
from contextlib import redirect_stdout

import pytest

numpy = pytest.importorskip("numpy")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUALITY = os.path.join(ROOT, "bench", "quality")


@pytest.fixture(scope="module")
def quality():
    sys.path.insert(0, QUALITY)
    try:
        import quality
        yield quality
    finally:
        sys.path.remove(QUALITY)


class Line:
    name, direction, best, typical, tags = "line", "minimize", 0.0, 1.0, ()


def runs_of(values):
    return {("line", seed): {20: value} for seed, value in enumerate(values)}


def test_ratio_is_that_of_the_means_over_shared_seeds(quality):
    ours, peers = runs_of([0.098, 0.298, 0.5]), runs_of([0.398, 0.398])
    logs, variances = quality.ratio(ours, peers, [Line], 20)
    assert logs == pytest.approx([math.log(0.2 / 0.4)])  # 0.002 is added to each
    assert variances == pytest.approx([0.25])  # gaps 0.5 - 1 and 1.5 - 1: variance 0.5, of two
    assert quality.cell(logs, variances) == "0.50 (50)"


def test_seeds_in_pairs_that_move_together_leave_no_error(quality):
    ours, peers = runs_of([0.098, 0.198]), runs_of([0.198, 0.398])
    _, variances = quality.ratio(ours, peers, [Line], 20)
    assert variances == pytest.approx([0])


def test_several_problems_differ_at_least_as_much_as_their_ratios(quality):
    assert quality.cell([math.log(0.5), math.log(2)], [0, 0]) == f"1.00 ({100 * math.log(2):.0f})"
    assert quality.cell([], []) == "-"


def test_every_table_is_as_good_as_its_description(quality):
    from real_problems import ALL, META
    read = [t for t in ALL if t.there()]
    assert len(read) >= 9
    for table in read:
        means = table.load().mean(-1)
        best = means.max() if table.direction == "maximize" else means.min()
        assert float(best) == pytest.approx(META[table.name]["best"], rel=1e-5)


def test_the_middle_of_a_bowl_around_it_is_lucky(quality):
    from problems import Problem, real

    def bowl(at):
        return Problem("bowl", [real("x", 0.0, 1.0), real("y", 0.0, 1.0)], lambda a, _: (a["x"] - at) ** 2 + (a["y"] - at) ** 2, 0.0, 0.3)

    assert quality.centre_lucky(bowl(0.52))
    assert not quality.centre_lucky(bowl(0.9))


def test_stored_runs_fill_the_table(quality):
    text = io.StringIO()
    with redirect_stdout(text):
        quality.table(quality.read(glob.glob(os.path.join(QUALITY, "runs", "*.csv")) + glob.glob(os.path.join(QUALITY, "baselines", "optuna-mtpe*.csv"))))
    for role in ("tuning", "checking", "sealed"):
        assert text.getvalue().count("\n  " + role) >= 4, text.getvalue()
    assert "centre-lucky" in text.getvalue()


def test_stored_runs_are_thin(quality):
    for path in glob.glob(os.path.join(QUALITY, "runs", "*.csv")):
        with open(path) as f:
            assert {int(r["evaluation"]) for r in csv.DictReader(f)} <= set(quality.AT)
