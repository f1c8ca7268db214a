#!/usr/bin/env python3
"""Run optimizers on the problems and append one CSV row per evaluation.

  run.py --method service --address 127.0.0.1:6789 --proto ../../proto/api.proto --algorithm tpe --label our-tpe --out tpe.csv
  run.py --method optuna-tpe --out optuna-tpe.csv

Columns: label, problem, seed, batch, evaluation (1-based), best (best objective so far, sign flipped where the problem maximizes; the noiseless value of --incumbent where the problem is noisy), ask_ms (mean time of one ask in that batch).
Compare the files with report.py. A peer needs its library installed; the service needs only grpcio and protobuf.
"""
import argparse
import csv
import importlib.util
import multiprocessing as mp
import os
import sys
import time

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np  # noqa: E402


def problems_of(path):
    spec = importlib.util.spec_from_file_location("chosen_problems", path)
    m = importlib.util.module_from_spec(spec)
    sys.modules["chosen_problems"] = m
    spec.loader.exec_module(m)
    return m.PROBLEMS


def chosen(p, only, without):
    """Whether problem `p` is among those the two comma-separated lists of names and tags leave."""
    names = {p.name, *p.tags}
    return (not only or bool(names & set(only.split(",")))) and not (without and names & set(without.split(",")))


def one(job):
    a, name, seed = job
    p = {q.name: q for q in problems_of(a.problems)}[name]
    if a.method == "service":
        import service_client
        global _conn
        try:
            _conn
        except NameError:
            _conn = service_client.connect(a.address, a.proto)
        opt = service_client.ServiceOptimizer(*_conn, p, a.algorithm, dict(s.split("=", 1) for s in a.setting), seed, a.budget, a.batch)
    else:
        import peers
        opt = peers.PEERS[a.method](p, seed)
    noise, sign = np.random.default_rng(10_000 + seed), -1 if p.direction == "maximize" else 1
    rows, observed, best, n = [], float("inf"), float("inf"), 0
    while n < a.budget:
        q = min(a.batch, a.budget - n)
        t = time.perf_counter()
        asked = opt.ask(q)
        ms = (time.perf_counter() - t) * 1000
        for x, handle in asked:
            y = p.f(x, noise)
            opt.tell(handle, sign * y if a.method != "service" else y)
            n += 1
            true = sign * p.noiseless(x, None) if p.noiseless else sign * y
            if a.incumbent == "evaluated":
                best = min(best, true)
            elif sign * y < observed:
                observed, best = sign * y, true
            rows.append((a.label, p.name, seed, a.batch, n, f"{best:.9g}", f"{ms:.3f}"))
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    ap.add_argument("--method", default="service", help="service, or a peer's name from peers.py")
    ap.add_argument("--label", help="name in the output (default: the algorithm or the method)")
    ap.add_argument("--address", default="127.0.0.1:6789")
    ap.add_argument("--proto", default=os.path.join(here, "..", "..", "proto", "api.proto"))
    ap.add_argument("--algorithm", default="random")
    ap.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    ap.add_argument("--problems", default=os.path.join(here, "problems.py"))
    ap.add_argument("--only", default="", help="comma-separated problem names or tags to run")
    ap.add_argument("--without", default="", help="comma-separated problem names or tags to leave out, such as ml")
    ap.add_argument("--seeds", type=int, default=10)
    ap.add_argument("--budget", type=int, default=60)
    ap.add_argument("--batch", type=int, default=1)
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("--incumbent", choices=("observed", "evaluated"), default="observed",
                    help="observed: the noiseless value where the best was observed; evaluated: the best noiseless value so far, which keeps the luck of the choice out")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    a.label = a.label or (a.algorithm if a.method == "service" else a.method)
    ps = problems_of(a.problems)
    ps = [p for p in ps if chosen(p, a.only, a.without)]
    jobs = [(a, p.name, s) for s in range(a.seeds) for p in ps]
    done = 0
    with open(a.out, "a", newline="") as f, mp.get_context("spawn").Pool(a.jobs) as pool:
        w = csv.writer(f)
        if f.tell() == 0:
            w.writerow("label problem seed batch evaluation best ask_ms".split())
        for rows in pool.imap_unordered(one, jobs):
            w.writerows(rows)
            f.flush()
            done += 1
            if sys.stderr.isatty():
                print(f"\r{a.label}: {done}/{len(jobs)} runs", end="", file=sys.stderr, flush=True)
    print(f"\n{a.label}: {done} runs", file=sys.stderr)


if __name__ == "__main__":
    main()
