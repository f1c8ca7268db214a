"""An experiment with two objectives and a constraint, run by the client: what it says at its end is what its journal gives."""
import json
import re
import sqlite3

from test_client import pytestmark as built, run

pytestmark = built

EXPERIMENT = """apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: compromise}
spec:
  objective:
    type: minimize
    objectiveMetricName: error
    additionalMetricNames: [size]
    metricStrategies: [{name: error, value: latest}, {name: size, value: latest}]
  algorithm:
    algorithmName: ALGORITHM
    algorithmSettings:
      - {name: objectives, value: "error, size:min"}
      - {name: constraints, value: "size<=BOUND"}
  parallelTrialCount: 3
  maxTrialCount: 24
  parameters:
    - {name: x, parameterType: int, feasibleSpace: {min: "0", max: "99"}}
    - {name: z, parameterType: int, feasibleSpace: {min: "0", max: "99"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: theX, reference: x}
      - {name: theZ, reference: z}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - name: main
                command: [sh, -c, 'x=${trialParameters.theX}; z=${trialParameters.theZ}; echo error=$((x * x + z)); echo size=$(((99 - x) * 2 + z))']
"""


def values(journal):
    """Error and size of each trial, by its name."""
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    rows = connection.execute("SELECT t.name, m.name, m.value FROM metrics m JOIN trials t ON t.trial = m.trial").fetchall()
    connection.close()
    found = {}
    for trial, metric, value in rows:
        found.setdefault(trial, {})[metric] = float(value)
    return {trial: (v["error"], v["size"]) for trial, v in found.items()}


def front(points, bound):
    """By the first value: those within the bound that no other such one is at least as good as in both."""
    fits = {name: p for name, p in points.items() if p[1] <= bound}
    best = [n for n, p in fits.items() if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in fits.values())]
    return sorted(best, key=lambda name: fits[name])


def finished(tmp_path, algorithm, bound):
    path = tmp_path / "e.yaml"
    path.write_text(EXPERIMENT.replace("ALGORITHM", algorithm).replace("BOUND", str(bound)))
    result = run("run", path)
    assert result.returncode == 0, result.stderr
    (journal,) = tmp_path.glob("*.journal")
    return result.stdout, values(journal), journal


def test_a_run_ends_with_its_front(tmp_path):
    for algorithm in ("random", "tpe", "nsga2"):
        folder = tmp_path / algorithm
        folder.mkdir()
        text, points, journal = finished(folder, algorithm, 150)
        expected = front(points, 150)
        assert f"front       {len(expected)} of 24 trials" in text
        shown = re.findall(r"^  (compromise-\S+) +error=(\d+) size=(\d+)$", text, re.M)
        assert len(shown) == min(len(expected), 12) and {name for name, *_ in shown} <= set(expected)
        assert all(points[name] == (float(e), float(s)) for name, e, s in shown)
        connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
        kept = connection.execute("SELECT value FROM events WHERE kind = 'setting' AND name = 'pareto_front' ORDER BY id DESC").fetchone()
        connection.close()
        assert kept and set(filter(None, kept[0].split(","))) <= set(points)


def test_scripts_see_the_front(tmp_path):
    _, points, journal = finished(tmp_path, "random", 150)
    shown = json.loads(run("status", journal, "--json").stdout)["front"]
    assert [trial["trialName"] for trial in shown] == front(points, 150)
    for trial in shown:
        error, size = points[trial["trialName"]]
        x, z = (int(trial["assignments"][name]) for name in "xz")
        assert {name: float(text) for name, text in trial["values"].items()} == {"error": error, "size": size}
        assert (error, size) == (x * x + z, (99 - x) * 2 + z)


def test_the_report_has_the_front(tmp_path):
    _, points, _ = finished(tmp_path, "random", 150)
    page = (tmp_path / "e.html").read_text()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
    assert data["objectives"] == ["error", "size"] and sorted(data["front"]) == sorted(front(points, 150))


def test_none_that_meets_the_constraints_is_said(tmp_path):
    text, points, _ = finished(tmp_path, "tpe", -1)
    assert len(points) == 24 and "front       0 of 24 trials, none with every objective meets the constraints" in text


def test_an_objective_that_is_never_reported_is_said(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text(EXPERIMENT.replace("ALGORITHM", "tpe").replace("      - {name: constraints, value: \"size<=BOUND\"}\n", "").replace(
        "maxTrialCount: 24", "maxTrialCount: 3").replace("; echo size=", "; echo other="))
    result = run("run", path)
    assert "trials, none has every objective" in result.stdout, result.stdout + result.stderr
