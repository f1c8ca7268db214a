#!/usr/bin/env python3
"""What mushir serve takes while it is watched: 20 experiments, 8 trials at a time, 10 reports a second in all, three who watch.

    bench/serve.py [SECONDS]      prints the share of a core, the resident memory, and how old a change is when it is told"""
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import psutil

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPERIMENTS, AT_A_TIME, REPORTS_A_SECOND, WATCHERS, REPORTS = 20, 8, 10, 3, 5
# Reports the time, five times; a run's end and its best value are known when the last report was made.
TRIAL = f"for i in $(seq {REPORTS}); do sleep {AT_A_TIME / REPORTS_A_SECOND}; echo t=$(date +%s.%N); done #"


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {})
    return json.loads(connection.getresponse().read())


def watch(port, ages):
    connection, best = http.client.HTTPConnection("127.0.0.1", port), {}
    connection.request("GET", "/api/v1/events")
    reply = connection.getresponse()
    while line := reply.readline():
        if line.startswith(b"data: "):
            told = json.loads(line[6:])
            if told["best"] and told["best"]["value"] != best.get(told["name"]):
                best[told["name"]] = told["best"]["value"]
                ages.append(time.time() - told["best"]["value"])


def main():
    seconds, ages = float(sys.argv[1]) if len(sys.argv) > 1 else 60, []
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([ROOT / "build/bin/mushir", "serve", folder, "--port", "0", "--trials-at-a-time", str(AT_A_TIME)],
                                  stdout=subprocess.PIPE, text=True)
        port = int(server.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        for i in range(EXPERIMENTS):
            ask(port, "POST", "/api/v1/experiments", {"name": f"e{i:02}", "model_training_code": TRIAL, "objective": "t", "goal": "maximize",
                                                      "hyperparameters": {"x": {"type": "float", "min": 0, "max": 1}}, "hpo_algorithm": "random", "trials": 1000})
        for _ in range(WATCHERS):
            threading.Thread(target=watch, args=(port, ages), daemon=True).start()
        time.sleep(10)
        process = psutil.Process(server.pid)
        before, begun = process.cpu_times(), time.monotonic()
        reports = sum(e["reports"] for e in ask(port, "GET", "/api/v1/experiments")["experiments"])
        ages.clear()
        time.sleep(seconds)
        after, took = process.cpu_times(), time.monotonic() - begun
        reports = sum(e["reports"] for e in ask(port, "GET", "/api/v1/experiments")["experiments"]) - reports
        share = (after.user + after.system - before.user - before.system) / took
        ages.sort()
        print(f"{reports / took:.1f} reports a second, {100 * share:.2f} % of a core, {process.memory_info().rss / 2**20:.1f} MiB resident, "
              f"age of a change: median {ages[len(ages) // 2]:.2f} s, 95 % within {ages[len(ages) * 95 // 100]:.2f} s, most {ages[-1]:.2f} s ({len(ages)} told)")
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
