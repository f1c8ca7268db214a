"""Population based training through the real service and real folders: scripts that resume from what they find.

The two toys are those of the literature: the quadratic of Jaderberg et al. (2017), figure 2, and the triangle-wave
learning rate of Ray Tune's pbt_example. A controller of a few lines runs trials at once, in the order they were asked for."""
import json
import math
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys

import grpc
import pytest

from conftest import BIN, ROOT, Service, experiment, pairs, pb2, request, trial
from folders import Loop, state_of

sys.path.insert(0, str(ROOT / "bench" / "quality"))
from toys import Quadratic, Triangle  # noqa: E402

SEEDS = int(os.environ.get("MUSHIR_PBT_SEEDS", "3"))  # 20 for the table in bench/NOTEBOOK.md


def pbt(size, threshold, parameters, name="toy", maximize=True, **settings):
    return experiment("pbt", parameters, {"suggestion_trial_dir": "/checkpoint", "n_population": size,
                                          "truncation_threshold": threshold, **settings}, name=name, maximize=maximize)


def training(toy):
    """The toy as a script: it goes on from what it finds in its folder."""
    def train(folder, assignments):
        state, value = toy.turn(state_of(folder, toy.start), {name: float(text) for name, text in assignments.items()})
        (folder / "state.json").write_text(json.dumps(state))
        return value
    return train


def triangle(rng):
    return training(Triangle(rng))


RATE = [("lr", "double", {"min": "0.0001", "max": "0.02", "step": "0.0001"})]


@pytest.mark.parametrize("size, least, without", [(5, 75, 30), (10, 90, 44), (20, 100, 52)])
def test_triangle_wave(start_service, tmp_path, size, least, without):
    service = start_service("pbt", "--data", str(tmp_path))
    finals = {}
    for threshold in (0.2, 0):
        for seed in range(SEEDS):
            e = pbt(size, threshold, RATE, name=f"t{threshold}-{seed}".replace(".", ""), random_state=seed)
            values = Loop(service, tmp_path, e, triangle(random.Random(seed))).generations(50, size)
            finals.setdefault(threshold, []).append(max(values[-size:]))
    mean = {k: statistics.mean(v) for k, v in finals.items()}
    print(f"triangle wave, population {size}: {mean[0.2]:.0f} after 50 generations, {mean[0]:.0f} when nobody gives up")
    assert mean[0.2] >= least
    assert mean[0.2] > mean[0]


def test_two_workers_climb_what_one_cannot(start_service, tmp_path):
    """h is (1, 0) or (0, 1): alone each worker climbs one side and ends near 0.4."""
    service = start_service("pbt", "--data", str(tmp_path))
    finals = []
    for seed in range(SEEDS):
        e = pbt(2, 0.5, [("h0", "double", {"min": 0, "max": 1}), ("h1", "double", {"min": 0, "max": 1})], f"q{seed}", random_state=seed)
        loop = Loop(service, tmp_path, e, training(Quadratic(None)))
        for (name, _, _), first in zip(loop.ask(2), Quadratic.first):
            loop.run((name, [(h, str(value)) for h, value in first.items()], None))
        finals.append(max(loop.generations(49, 2)[-2:]))
    print(f"quadratic, two workers: {statistics.mean(finals):.3f}")
    assert statistics.mean(finals) >= 1.18


@pytest.mark.parametrize("at_a_time", [1, 3, 7])
def test_any_number_at_a_time_with_failures(start_service, tmp_path, at_a_time):
    rng = random.Random(at_a_time)
    learn = triangle(rng)
    service = start_service("pbt", "--data", str(tmp_path))
    loop = Loop(service, tmp_path, pbt(5, 0.4, RATE), lambda f, a: None if rng.random() < 0.2 else learn(f, a))
    running = []
    while len(loop.trials) < 80:  # trials end in any order
        shown = [trial(name, assignments) for name, assignments, _ in running]
        reply = service.suggest(request(loop.e, [*loop.trials, *shown], at_a_time - len(running)))
        running += zip((a.trial_name for a in reply.parameter_assignments), pairs(reply), reply.parameter_assignments)
        loop.run(running.pop(rng.randrange(len(running))))
    names = [t.name for t in loop.trials]
    assert len(set(names)) == len(names)
    assert max(int(n.split("-g")[1].split("s")[0]) for n in names) >= 80 * 0.8 / max(5, at_a_time) - 5


def test_names_labels_and_folders(start_service, tmp_path):
    service = start_service("pbt", "--data", str(tmp_path))
    loop = Loop(service, tmp_path, pbt(5, 0.2, RATE, name="names"), triangle(random.Random(0)))
    loop.generations(1, 5)
    label = "pbt.suggestion.katib.kubeflow.org/"
    for name, _, answer in loop.ask(5):
        parent = answer.labels[label + "parent"]
        assert answer.labels[label + "generation"] == "1" and parent in {t.name for t in loop.trials}
        assert (loop.folder / name / "state.json").read_text() == (loop.folder / parent / "state.json").read_text()
        assert len(name) <= 63 and name.startswith("names-g1s")
    assert {p.name for p in loop.folder.iterdir()} >= {t.name for t in loop.trials}


def test_the_same_question_gives_the_same_names_and_copies_once(start_service, tmp_path):
    service = start_service("pbt", "--data", str(tmp_path))
    loop = Loop(service, tmp_path, pbt(5, 0.4, RATE), triangle(random.Random(0)))
    loop.generations(2, 5)
    first = loop.ask(5)
    (loop.folder / first[0][0] / "mine").write_text("the trial began")
    other = start_service("pbt", "--data", str(tmp_path))
    loop.service = other
    assert [s[:2] for s in loop.ask(5)] == [s[:2] for s in first]
    assert (loop.folder / first[0][0] / "mine").exists()


def test_without_the_setting_nothing_is_written(start_service, tmp_path):
    service = start_service("pbt", "--data", str(tmp_path))
    reply = service.suggest(request(experiment("pbt", RATE, {"n_population": 5, "truncation_threshold": 0.2}), n=5))
    assert len(reply.parameter_assignments) == 5 and not list(tmp_path.iterdir())


def test_a_parent_that_leads_out_is_named(start_service, tmp_path):
    service = start_service("pbt", "--data", str(tmp_path))
    loop = Loop(service, tmp_path, pbt(5, 0.2, RATE), triangle(random.Random(0)))
    loop.generations(1, 5)
    (loop.folder / loop.trials[0].name / "out").symlink_to("/etc")
    with pytest.raises(grpc.RpcError) as refusal:
        loop.ask(5)
    assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION and "out is a link that leads out" in refusal.value.details()


def test_kill_inside_a_copy(tmp_path):
    """Twenty times killed at a random moment of an answer that copies: a folder is complete or absent."""
    rng = random.Random(1)
    parents = {}
    flags = ("pbt", "--data", str(tmp_path))
    loop = Loop(None, tmp_path, pbt(5, 0.2, RATE, name="e2e"), None)

    def train(folder, _):
        for i in range(40):
            (folder / f"{i}").write_bytes(rng.randbytes(100_000))
        parents[folder.name] = {p.name: p.read_bytes() for p in folder.iterdir()}
        return rng.random()

    loop.train = train
    with Service(*flags) as service:
        loop.service = service
        loop.generations(1, 5)
    asked = pb2.GetSuggestionsRequest.SerializeToString(request(loop.e, loop.trials, 5))
    interrupted = 0
    for _ in range(20):
        with Service(*flags) as service:
            call = service.channel.unary_unary("/api.v1.beta1.Suggestion/GetSuggestions").future(asked, timeout=20)
            try:
                call.result(timeout=rng.expovariate(1 / 0.01))
            except (grpc.FutureTimeoutError, grpc.RpcError):
                pass
            service.process.send_signal(signal.SIGKILL)
            service.process.wait()
        interrupted += any(loop.folder.glob(".part-*"))
        for folder in loop.folder.glob("e2e-g1s*"):
            parent = next(n for n in parents if f"-g0s{folder.name.split('-p0s')[1].split('-')[0]}-" in n)
            assert {p.name: p.read_bytes() for p in folder.iterdir()} == parents[parent]
    print(f"{interrupted} of 20 kills fell inside a copy")
    assert interrupted > 0
    with Service(*flags) as service:
        loop.service = service
        names = [name for name, _, _ in loop.ask(5)]
        assert sorted(p.name for p in loop.folder.glob("e2e-g1s*")) == sorted(names)
        assert not list(loop.folder.glob(".part-*"))


def test_maximize_and_minimize_are_told_apart(start_service, tmp_path):
    """The parameter is the value: losers must come from where values are best."""
    for maximize in (True, False):
        service = start_service("pbt", "--data", str(tmp_path))
        e = pbt(8, 0.5, [("x", "double", {"min": 0, "max": 1})], name=f"m{maximize}".lower(), maximize=maximize)
        values = Loop(service, tmp_path, e, lambda _, a: float(a["x"])).generations(20, 8)
        assert math.isclose(statistics.mean(values[-8:]), maximize, abs_tol=0.25)


def test_no_folders_without_a_place_for_them(start_service):
    service = start_service("pbt", "--data", "none")
    assert Loop(service, pathlib.Path("nowhere"), pbt(5, 0.2, RATE), None).ask(2)


def test_looking_at_suggestions_makes_no_folders(tmp_path):
    name = f"looked-at-{os.getpid()}"
    (tmp_path / "e.yaml").write_text((ROOT / "examples" / "pbt.yaml").read_text().replace("name: pbt-schedule", f"name: {name}"))
    for command in ("validate", "suggest"):
        subprocess.run([BIN / "mushir", command, tmp_path / "e.yaml"], check=True, capture_output=True)
    assert name in (tmp_path / "e.yaml").read_text()
    assert not pathlib.Path("/opt/katib/data", name).exists()
