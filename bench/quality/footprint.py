#!/usr/bin/env python3
"""Measure what a Suggestion service costs to run: time to SERVING, resident memory, time per GetSuggestions as the history grows.

  footprint.py --start "build/bin/mushir-tpe --port 6790" --address 127.0.0.1:6790 --algorithm tpe --out footprint.csv
  footprint.py --start "..." --address 127.0.0.1:6791 --algorithm hyperband --experiment hyperband --out footprint.csv

The service is started --starts times; each fresh process is asked for 1 and then for 4 suggestions with no finished trial, and the last
process goes on through --histories. At each history H the first call (first_ms) brings all the trials that are new since the call before; then
come the timed calls for 1 and for 4. After every call its suggestions are finished with a value, as a controller's next request would show
them, so each timed call brings new trials and the history grows a little (column finished: first and last). A small H gets few calls,
its p95 is then simply the slowest. Time is taken around the bytes on the wire: building and parsing messages is outside.

Trials of the history are either made (random points of the space: what a restarted service is sent) or asked (the service's own earlier
suggestions, for services that refuse any other; where it stops answering, the suggestions it gave are repeated). An error is counted and
its text kept; the settings a service echoed are then dropped, so that the next call starts afresh. A call beyond --give-up seconds ends
the larger histories. Memory is that of the whole process tree: rss, its anonymous part (what no kernel can take back), and the peak.

Columns: label, algorithm, settings, experiment, dims, history (made or asked), start_ms, check_ms (a health Check on an open connection:
the floor of any call from here), idle_rss, idle_anon, validate (status of ValidateAlgorithmSettings), trials (H), finished, request (number
asked for), calls, errors, first_ms, median_ms, p95_ms, cpu_ms (processor time of the service per answered call, mean; in steps of 10 ms over all
the calls), request_kib, rss, anon, peak (MiB), error.
"""
import argparse
import collections
import csv
import math
import os
import random
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace

import grpc
import psutil

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from service_client import ServiceOptimizer, load_api  # noqa: E402

COLUMNS = """label algorithm settings experiment dims history start_ms check_ms idle_rss idle_anon validate trials finished request calls errors
first_ms median_ms p95_ms cpu_ms request_kib rss anon peak error""".split()
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0),
           ("grpc.use_local_subchannel_pool", 1)]


# Experiments ------------------------------------------------------------------------------------------------------------------------------
KINDS = {
    "uniform": {"type": "double", "min": 0.1, "max": 1.0, "dist": "uniform"},
    "log": {"type": "double", "min": 1e-5, "max": 0.1, "dist": "log"},
    "int": {"type": "int", "min": 1, "max": 128, "dist": "uniform"},
    "categorical": {"type": "categorical", "list": ["sgd", "adam", "ftrl", "rmsprop"]},
    "discrete": {"type": "discrete", "list": ["16", "32", "64", "128"]},
    "step": {"type": "double", "min": 0.1, "max": 1.0, "dist": "uniform", "step": 0.01},
}
VARIANTS = {  # kinds of parameters in turn, settings the algorithm cannot do without, which history it accepts
    "mixed": ("uniform log int categorical discrete", {}, "made"),
    "numeric": ("uniform log int", {}, "made"),
    "hyperband": ("uniform log int categorical discrete", {"r_l": "9", "eta": "3", "resource_name": "epochs"}, "made"),
    "pbt": ("step", {"suggestion_trial_dir": "/data", "n_population": "40", "truncation_threshold": "0.2"}, "asked"),
    "enas": ("", {"controller_train_steps": "50"}, "asked"),
    "darts": ("", {"num_epochs": "3"}, "asked"),
}


def problem(variant, dims):
    kinds = VARIANTS[variant][0].split()
    params = [{"name": f"{kinds[i % len(kinds)]}{i}", **KINDS[kinds[i % len(kinds)]]} for i in range(dims if kinds else 0)]
    if variant == "hyperband":
        params[-1] = {"name": "epochs", "type": "int", "min": 1, "max": 9, "dist": "uniform"}
    return SimpleNamespace(name=f"footprint-{variant}", params=params, direction="minimize")


def add_network(experiment, pb2, variant):
    """The search space of the two architecture searches."""
    nas = experiment.spec.nas_config
    nas.graph_config.num_layers = 8 if variant == "enas" else 3
    if variant == "enas":
        nas.graph_config.input_sizes.extend([32, 32, 3])
        nas.graph_config.output_sizes.append(10)
        operations = {"convolution": {"filter_size": "3 5 7", "num_filter": "32 48 64 96 128", "stride": "1 2"},
                      "separable_convolution": {"filter_size": "3 5 7", "num_filter": "32 64", "depth_multiplier": "1 2"},
                      "reduction": {"reduction_type": "max_pooling avg_pooling", "pool_size": "2 3"}}
    else:
        operations = {"separable_convolution": {"filter_size": "3"}, "dilated_convolution": {"filter_size": "3 5"},
                      "avg_pooling": {"filter_size": "3"}, "max_pooling": {"filter_size": "3"}}
    for name, params in operations.items():
        op = nas.operations.operation.add(operation_type=name)
        for p, values in params.items():
            op.parameter_specs.parameters.add(name=p, parameter_type=pb2.CATEGORICAL).feasible_space.list.extend(values.split())


def unit(p, text):
    """Where a value stands in its parameter's range, 0 to 1."""
    if "list" in p:
        return p["list"].index(text) / (len(p["list"]) - 1)
    v, lo, hi = float(text), p["min"], p["max"]
    return (math.log(v) - math.log(lo)) / (math.log(hi) - math.log(lo)) if p["dist"] == "log" else (v - lo) / (hi - lo)


class Session(ServiceOptimizer):
    """An experiment, its trials, and calls of which only the bytes' way is timed."""

    def __init__(self, api, a, channel):
        self.variant, self.rng = a.experiment, random.Random(a.seed)
        settings = {**VARIANTS[a.experiment][1], **dict(s.split("=", 1) for s in a.setting)}
        super().__init__(api, None, problem(a.experiment, a.dims), a.algorithm, settings, None, max_trials=100000, parallel=9,
                         name=f"footprint-{a.experiment}")
        if a.experiment in ("enas", "darts"):
            add_network(self.experiment, api[0], a.experiment)
        self.settings = [(s.name, s.value) for s in self.experiment.spec.algorithm.algorithm_settings]
        self.suggest = channel.unary_unary("/api.v1.beta1.Suggestion/GetSuggestions")
        self.check = channel.unary_unary("/api.v1.beta1.Suggestion/ValidateAlgorithmSettings")
        self.request_bytes, self.given = 0, []

    def validate(self):
        try:
            self.check(self.api[0].ValidateAlgorithmSettingsRequest(experiment=self.experiment).SerializeToString(), timeout=60)
            return "OK"
        except grpc.RpcError as e:
            return e.code().name

    def call(self, n, timeout):
        """One GetSuggestions: (milliseconds, assignments, "" or what went wrong)."""
        pb2 = self.api[0]
        request = pb2.GetSuggestionsRequest(experiment=self.experiment, trials=self.trials, current_request_number=n,
                                            total_request_number=len(self.trials) + n).SerializeToString()
        self.request_bytes = len(request)
        t = time.perf_counter()
        try:
            raw, error = self.suggest(request, timeout=timeout), ""
        except grpc.RpcError as e:
            raw, error = b"", f"{e.code().name}: {e.details()}"
        ms = (time.perf_counter() - t) * 1000
        reply = pb2.GetSuggestionsReply.FromString(raw)
        if not error and len(reply.parameter_assignments) != n:
            error = f"{len(reply.parameter_assignments)} assignments instead of {n}"
        if not error:
            error = self.misfit(reply.parameter_assignments)
        settings = self.experiment.spec.algorithm.algorithm_settings
        if error or reply.HasField("algorithm"):
            kept = dict(self.settings) if error else {s.name: s.value for s in [*settings, *reply.algorithm.algorithm_settings]}
            del settings[:]
            for k, v in kept.items():
                settings.add(name=k, value=v)
        return ms, [] if error else list(reply.parameter_assignments), error

    def misfit(self, assignments):
        """What is wrong with the values of a reply, or ""."""
        try:
            for pa in assignments if self.problem.params else []:
                self.typed(pa)
        except (AssertionError, KeyError, ValueError) as e:
            return f"{type(e).__name__}: {e}"
        return ""

    def start(self, assignments):
        """The suggestions become running trials."""
        pb2 = self.api[0]
        for pa in assignments:
            self.tell(pa, 0)
            status = self.trials[-1].status
            status.condition, status.completion_time = pb2.TrialStatus.RUNNING, "0001-01-01T00:00:00Z"
            del status.observation.metrics[:]
        self.given.extend(assignments)

    def finish(self):
        """All running trials succeed."""
        for t in self.trials:
            if t.status.condition == self.api[0].TrialStatus.RUNNING:
                t.status.condition, t.status.completion_time = self.api[0].TrialStatus.SUCCEEDED, t.status.start_time
                t.status.observation.metrics.add(name="objective", value=repr(self.value(t.spec.parameter_assignments.assignments)))

    def value(self, assignments):
        got, params = {x.name: x.value for x in assignments}, self.problem.params
        return sum((unit(p, got[p["name"]]) - 0.4) ** 2 for p in params) + self.rng.gauss(0.5, 0.01)

    def made(self):
        pa = self.api[0].GetSuggestionsReply.ParameterAssignments()
        for p in self.problem.params:
            if "list" in p:
                v = self.rng.choice(p["list"])
            elif p["type"] == "int":
                v = str(self.rng.randint(p["min"], p["max"]))
            elif p["dist"] == "log":
                v = repr(math.exp(self.rng.uniform(math.log(p["min"]), math.log(p["max"]))))
            else:
                v = repr(self.rng.uniform(p["min"], p["max"]))
            pa.assignments.add(name=p["name"], value=v)
        return pa

    def grow(self, n, a):
        """Let the history have n finished trials; an asked one costs calls. Returns "" or why it could not."""
        self.finish()
        until, failed = time.monotonic() + a.build_limit, 0
        while len(self.trials) < n:
            if a.history == "made":
                new = [self.made()]
            elif failed < 5:
                _, new, error = self.call(min(a.ask_batch, n - len(self.trials)), a.timeout)
                failed = failed + 1 if error else 0
            elif self.given:
                new = [self.rng.choice(self.given)]
                new[0].trial_name = ""
            else:
                return f"no history of {n}: {error}"
            self.start(new)
            self.finish()
            if time.monotonic() > until:
                return f"no history of {n} within {a.build_limit:g} s"
        return ""


# The process ------------------------------------------------------------------------------------------------------------------------------
class Service:
    """The started process: alive from start() until stop()."""

    def __init__(self, a):
        host, port = a.address.rsplit(":", 1)
        self.address, self.health = (host, int(port)), b"\x0a" + bytes([len(a.health)]) + a.health.encode()
        if self.connected():
            sys.exit(f"{a.address} is already in use")
        self.log = open(a.log, "ab") if a.log else subprocess.DEVNULL
        t = time.perf_counter()
        self.process = subprocess.Popen(shlex.split(a.start), stdout=self.log, stderr=self.log, start_new_session=True)
        while not self.connected():
            self.expect(t, a.start_limit)
            time.sleep(0.0005)
        while True:  # a fresh connection each time, as a probe makes it
            with grpc.insecure_channel(a.address, OPTIONS) as channel:
                if self.serving(channel, 5):
                    break
            self.expect(t, a.start_limit)
            time.sleep(0.0005)
        self.start_ms = (time.perf_counter() - t) * 1000
        self.channel = grpc.insecure_channel(a.address, OPTIONS)
        times = []
        for _ in range(21):
            t = time.perf_counter()
            self.serving(self.channel, 5)
            times.append((time.perf_counter() - t) * 1000)
        self.check_ms = statistics.median(times[1:])

    def expect(self, since, limit):
        if self.process.poll() is not None or time.perf_counter() - since > limit:
            code = self.process.poll()
            self.stop()
            sys.exit(f"the service did not come up: {f'it ended with {code}' if code is not None else f'not SERVING after {limit:g} s'}")

    def connected(self):
        try:
            socket.create_connection(self.address, timeout=1).close()
            return True
        except OSError:
            return False

    def serving(self, channel, timeout):
        try:
            return channel.unary_unary("/grpc.health.v1.Health/Check")(self.health, timeout=timeout) == b"\x08\x01"
        except grpc.RpcError:
            return False

    def ended(self, wait=0):
        """Its exit status in words, "" while it runs."""
        try:
            return f"the service ended with {self.process.wait(wait)}"
        except subprocess.TimeoutExpired:
            return ""

    def memory(self):
        """MiB of the process and its children: (resident, anonymous, highest resident)."""
        total = collections.Counter()
        try:
            me = psutil.Process(self.process.pid)
            for p in [me, *me.children(recursive=True)]:
                with open(f"/proc/{p.pid}/status") as f:
                    total.update({k: int(v.split()[0]) for k, v in (line.split(":", 1) for line in f) if k in ("VmRSS", "RssAnon", "VmHWM")})
        except (psutil.Error, OSError):
            pass
        return tuple(round(total[k] / 1024, 1) for k in ("VmRSS", "RssAnon", "VmHWM"))

    def cpu_ms(self):
        try:
            me = psutil.Process(self.process.pid)
            return 1000 * sum(t.user + t.system for t in (p.cpu_times() for p in [me, *me.children(recursive=True)]))
        except psutil.Error:
            return 0.0

    def stop(self):
        for sig, wait in ((signal.SIGTERM, 5), (signal.SIGKILL, 30)):
            try:
                os.killpg(self.process.pid, sig)
                self.process.wait(wait)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        if self.log is not subprocess.DEVNULL:
            self.log.close()


# The measurement --------------------------------------------------------------------------------------------------------------------------
Call = collections.namedtuple("Call", "ms cpu_ms error finished")


def timed(a, service, session, n):
    """One call for n suggestions, which then are running trials."""
    finished, cpu = sum(t.status.condition == session.api[0].TrialStatus.SUCCEEDED for t in session.trials), service.cpu_ms()
    ms, new, error = session.call(n, a.timeout)
    session.start(new)
    return Call(ms, service.cpu_ms() - cpu, error, finished)


def p95(times):
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def cell(common, service, session, trials, n, calls, first=None):
    """One row."""
    good = [c for c in calls if not c.error]
    errors = collections.Counter(c.error for c in calls if c.error)
    rss, anon, peak = service.memory()
    row = {**common, "trials": trials, "request": n, "calls": len(calls), "errors": sum(errors.values()), "rss": rss, "anon": anon, "peak": peak,
           "request_kib": round(session.request_bytes / 1024, 1)}
    if calls:
        row["finished"] = f"{calls[0].finished}-{calls[-1].finished}"
    if first:
        row["first_ms"] = f"{first.ms:.2f}"
    if good:
        row |= {"median_ms": f"{statistics.median(c.ms for c in good):.2f}", "p95_ms": f"{p95([c.ms for c in good]):.2f}",
                "cpu_ms": f"{statistics.mean(c.cpu_ms for c in good):.1f}"}
    if errors:
        row["error"] = errors.most_common(1)[0][0].replace("\n", " ")[:160]
    return row


def measure(a, api, emit):
    starts, fresh, service = [], {1: [], 4: []}, None
    with grpc.insecure_channel("127.0.0.1:1", OPTIONS) as nowhere:  # the first call loads the library, which is not the service's time
        try:
            nowhere.unary_unary("/")(b"", timeout=1)
        except grpc.RpcError:
            pass
    try:
        for _ in range(a.starts):
            if service:
                service.stop()
            service = Service(a)
            session = Session(api, a, service.channel)
            starts.append((service.start_ms, service.check_ms, *service.memory()[:2]))
            validate = session.validate()
            for n, calls in fresh.items():
                calls.append(timed(a, service, session, n))
        start_ms, check_ms, rss, anon = (statistics.median(column) for column in zip(*starts))
        common = {"label": a.label, "algorithm": a.algorithm, "settings": " ".join(f"{k}={v}" for k, v in session.settings),
                  "experiment": a.experiment, "dims": len(session.problem.params) or "", "history": a.history, "start_ms": f"{start_ms:.1f}",
                  "check_ms": f"{check_ms:.3f}", "idle_rss": rss, "idle_anon": anon, "validate": validate}
        for n, calls in fresh.items():
            emit(cell(common, service, session, 0, n, calls))
        stop = ""
        for trials in a.histories:
            stop = stop or session.grow(trials, a)
            if not stop:
                stop = at_history(a, service, session, trials, common, emit)
            else:
                emit(cell(common, service, session, trials, "", []) | {"error": stop})
    finally:
        if service:
            service.stop()


def at_history(a, service, session, trials, common, emit):
    """The rows of one history; returns why larger ones need not be tried, or ""."""
    first = timed(a, service, session, 1)
    session.finish()
    for n in (1, 4):
        calls, until = [], time.monotonic() + a.seconds
        while len(calls) < max(3, min(a.repeats, trials // (5 * n))) and (len(calls) < 2 or time.monotonic() < until):
            calls.append(timed(a, service, session, n))
            session.finish()
            if calls[-1].ms > a.give_up * 1000 or service.ended():
                break
        ended = service.ended(2 if calls[-1].error.startswith("UNAVAILABLE") else 0)
        row = cell(common, service, session, trials, n, calls, first if n == 1 else None)
        emit(row | {"error": ended} if ended else row)
        slowest = max(c.ms for c in calls) / 1000
        if ended:
            return ended
        if slowest > a.give_up:
            return f"skipped: a call with {trials} trials took {slowest:.0f} s"
    return ""


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    ap.add_argument("--start", required=True, help="command line that runs the service in the foreground; it is stopped at the end")
    ap.add_argument("--address", default="127.0.0.1:6789", help="where that service listens")
    ap.add_argument("--proto", default=os.path.join(here, "..", "..", "proto", "api.proto"))
    ap.add_argument("--algorithm", required=True)
    ap.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    ap.add_argument("--experiment", choices=VARIANTS, default="mixed", help="kind of search space; brings the settings it needs")
    ap.add_argument("--history", choices=("made", "asked"), help="where the trials come from (default: as the experiment needs)")
    ap.add_argument("--histories", default="10,30,100,300,1000", help="numbers of finished trials, ascending; 0 is always measured")
    ap.add_argument("--dims", type=int, default=10, help="number of parameters")
    ap.add_argument("--starts", type=int, default=5, help="how often the service is started")
    ap.add_argument("--repeats", type=int, default=20, help="most timed calls of one kind")
    ap.add_argument("--seconds", type=float, default=60, help="no further repeats of one kind after this time")
    ap.add_argument("--timeout", type=float, default=120, help="deadline of a call, seconds")
    ap.add_argument("--give-up", type=float, default=60, help="a call slower than this ends the larger histories, seconds")
    ap.add_argument("--build-limit", type=float, default=300, help="longest time to ask a history together, seconds")
    ap.add_argument("--ask-batch", type=int, default=10, help="suggestions per call when a history is asked together")
    ap.add_argument("--start-limit", type=float, default=120, help="longest time to SERVING, seconds")
    ap.add_argument("--health", default="manager.v1beta1.Suggestion", help="service name in the health check (the one Katib probes)")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--label", help="name in the output (default: the algorithm)")
    ap.add_argument("--log", help="file for what the service prints")
    ap.add_argument("--out", help="CSV to append to (default: standard output)")
    a = ap.parse_args()
    a.label, a.history = a.label or a.algorithm, a.history or VARIANTS[a.experiment][2]
    for sig in (signal.SIGINT, signal.SIGTERM):  # leave no service behind
        signal.signal(sig, lambda *_: sys.exit("interrupted"))
    a.histories = [int(h) for h in a.histories.split(",") if int(h)]
    with open(a.out, "a", newline="") if a.out else sys.stdout as f:
        w = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        if not a.out or f.tell() == 0:
            w.writeheader()

        def emit(row):
            w.writerow(row)
            f.flush()
            if a.out:
                print(f"{row['label']}: {row['trials']} trials, {row['request']} asked: {row.get('median_ms', '-')} ms, {row['rss']} MiB {row.get('error', '')}", file=sys.stderr)

        measure(a, load_api(a.proto), emit)


if __name__ == "__main__":
    main()
