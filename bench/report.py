#!/usr/bin/env python3
"""What a report takes to open in a headless Chromium: programs in turns, the medians of each.

    bench/report.py [--rounds N] [MUSHIR ...]      build/bin/mushir when none is named

Of a journal with 10,000 trials and 10 reports each, and of one with 1,000 trials and 500 reports each: seconds from the
navigation to the first contentful paint and until each card stands and is painted, of the browser's main thread the seconds at
work, in scripts and in its longest task, and MiB of the file."""
import argparse
import datetime
import math
import pathlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from browser import Browser  # noqa: E402

JOURNALS = {"10,000 trials x 10 reports": (10_000, 10), "1,000 trials x 500 reports": (1_000, 500)}
EXPERIMENT = """apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: large}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parallelTrialCount: 1
  maxTrialCount: 1
  parameters:
    - {name: rate, parameterType: double, feasibleSpace: {min: "0.0001", max: "1", distribution: logUniform}}
    - {name: decay, parameterType: double, feasibleSpace: {min: "0", max: "0.1"}}
    - {name: layers, parameterType: int, feasibleSpace: {min: "1", max: "8"}}
    - {name: momentum, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
    - {name: kind, parameterType: categorical, feasibleSpace: {list: [adam, sgd, lion]}}
"""
BEGUN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
FIGURES = ["first paint", "all drawn", "main thread", "scripts", "longest task", "MiB"]
# The longest tasks and the first paint are told to who asked before they were. All is drawn when no section waits, and two
# frames later it is painted.
WATCH = """window.tasks = []; new PerformanceObserver(l => tasks.push(...l.getEntries().map(e => e.duration))).observe({ type: "longtask", buffered: true });"""
DRAWN = """new Promise(done => { const look = () => performance.getEntriesByName("first-contentful-paint").length && document.querySelector("#card-table table")
    && !document.querySelector("#main > section:empty:not([hidden])") ? requestAnimationFrame(() => setTimeout(() => done(performance.now() / 1000)))
    : requestAnimationFrame(look); look(); })"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def moment(seconds):
    return (BEGUN + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


def events_of(number, reports, draw):
    """What the journal of a run has of a trial, eight at a time."""
    values = {"rate": 10 ** draw.uniform(-4, 0), "decay": draw.uniform(0, 0.1), "layers": draw.randint(1, 8), "momentum": draw.random(),
              "kind": draw.choice(["adam", "sgd", "lion"])}
    loss = (math.log10(values["rate"]) + 2.3) ** 2 / 8 + 20 * (values["decay"] - 0.03) ** 2 + 0.01 * (values["layers"] - 4) ** 2 + 0.05 * draw.random()
    begun = number // 8 * 20
    yield begun, "suggested", f"large-{number:05}", None
    for name, value in values.items():
        yield begun, "assignment", name, str(value)
    yield begun, "started", None, "1"
    for k in range(reports):
        yield begun + 20 * k / reports, "metric", "loss", str(loss + math.exp(-6 * k / reports) + 0.01 * draw.random())
    yield begun + 19.9, "ended", "Succeeded", ""


def journal(folder, trials, reports):
    """A journal as mushir run writes it: a real one of one trial, with others in its place."""
    (folder / "large.yaml").write_text(EXPERIMENT)
    subprocess.run([ROOT / "build/bin/mushir", "run", "large.yaml", "--quiet", "--", "sh", "-c", "echo loss=1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    draw = random.Random(7)
    with sqlite3.connect(folder / "large.journal") as db:
        db.execute("DELETE FROM events WHERE trial IS NOT NULL OR kind = 'finished'")
        db.execute("UPDATE events SET time = ?", (moment(0),))
        rows = ((moment(at), i, kind, name, value) for i in range(trials) for at, kind, name, value in events_of(i, reports, draw))
        db.executemany("INSERT INTO events (time, trial, kind, name, value) VALUES (?, ?, ?, ?, ?)", rows)
        db.execute("INSERT INTO events (time, kind, name, value) VALUES (?, 'finished', 'ExperimentMaxTrialsReached', 'Done')", (moment(trials * 20 / 8),))
    return folder / "large.journal"


def opened(path):
    """The figures of one opening, in a browser of its own."""
    browser = Browser()
    browser.size(1280, 900)
    browser.call("Performance.enable")
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    browser.open(path)
    drawn = browser.run(DRAWN)
    metrics = {m["name"]: m["value"] for m in browser.call("Performance.getMetrics")["metrics"]}
    figures = [browser.run(PAINTED), drawn, metrics["TaskDuration"], metrics["ScriptDuration"], max(browser.run("tasks"), default=0) / 1000,
               path.stat().st_size / 2 ** 20]
    browser.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", type=pathlib.Path, default=[ROOT / "build/bin/mushir"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| | program | " + " | ".join(FIGURES) + " |\n" + "|---" * (len(FIGURES) + 2) + "|")
    for title, (trials, reports) in JOURNALS.items():
        with tempfile.TemporaryDirectory() as folder:
            made = journal(pathlib.Path(folder), trials, reports)
            pages = []
            for i, program in enumerate(options.programs):
                pages.append(pathlib.Path(folder) / f"{i}.html")
                subprocess.run([program.resolve(), "report", made, "--report", pages[-1]], check=True, stdout=subprocess.DEVNULL)
            taken = [[] for _ in pages]
            for _ in range(options.rounds):
                for page, own in zip(pages, taken):
                    own.append(opened(page))
            for program, own in zip(options.programs, taken):
                print(f"| {title} | {program.name} | " + " | ".join(f"{statistics.median(f):.2f}" for f in zip(*own)) + " |", flush=True)


if __name__ == "__main__":
    main()
