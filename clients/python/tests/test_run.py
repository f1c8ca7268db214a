"""Functions that are tuned: one at a time, on threads, in processes, as coroutines."""
import asyncio
import concurrent.futures
import multiprocessing
import threading

import pytest
from conftest import BOWL, bowl

import mushir


def test_five_lines():
    study = mushir.minimize(bowl, BOWL, trials=40)
    assert study.best.value < 0.5 and study.best.value == bowl(**study.best.params)


def test_maximize_and_options(service):
    study = mushir.maximize(lambda x, y: -bowl(x, y), BOWL, "sobol", trials=32, seed=3, service=service)
    assert len(study.trials) == 32 and study.problem.settings == {"random_state": "3"}
    assert study.best.value == max(trial.value for trial in study.trials)


def test_threads_run_as_many_as_are_wanted(study_of):
    busy, most, together = [], [], threading.Barrier(3, timeout=60)

    def function(x, y):
        busy.append(1)
        most.append(len(busy))
        together.wait()
        busy.pop()
        return bowl(x, y)

    study = study_of(BOWL, parallel=3).run(function, 12)
    assert len(study.trials) == 12 and max(most) == 3


def test_processes(study_of):
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        study = study_of(BOWL, parallel=2).run(bowl, 8, executor=processes)
    assert [trial.state for trial in study.trials] == ["succeeded"] * 8
    assert all(trial.value == bowl(**trial.params) for trial in study.trials)


def test_coroutines(study_of):
    running = []

    async def function(x, y):
        running.append(1)
        most = len(running)
        await asyncio.sleep(0.001 * (6 + x))  # they do not end together
        running.pop()
        return {"value": bowl(x, y), "at once": most}

    study = study_of(BOWL, metrics=["at once"], parallel=5)
    asyncio.run(study.run_async(function, 20))
    assert len(study.trials) == 20 and max(trial.metrics["at once"] for trial in study.trials) == 5


def test_one_at_a_time_equals_ask_and_tell(study_of):
    looped, by_hand = study_of(BOWL).run(bowl, 15), study_of(BOWL)
    for _ in range(15):
        trial = by_hand.ask()
        by_hand.tell(trial, bowl(**trial.params))
    assert [t.assignments for t in looped.trials] == [t.assignments for t in by_hand.trials]


def test_run_goes_on_to_the_number_of_trials(study_of):
    study = study_of(BOWL).run(bowl, 5)
    assert len(study.run(bowl, 5).trials) == 5
    assert len(study.run(bowl, 9).trials) == 9


def test_what_a_function_raises(study_of):
    def function(x, y):
        if x > 0:
            raise OSError("no room")
        raise mushir.Stopped(bowl(x, y))

    study = study_of(BOWL, "random").run(function, 20, catch=(OSError,))
    assert {trial.state for trial in study.trials} == {"failed", "stopped"}
    assert all((trial.state == "failed") == (trial.params["x"] > 0) for trial in study.trials)


@pytest.mark.parametrize("parallel", [1, 2])
def test_what_is_not_caught_ends_the_run(study_of, parallel):
    seen = []
    study = study_of(BOWL, parallel=parallel)
    with pytest.raises(ZeroDivisionError):
        study.run(lambda x, y: 1 / 0, 20, on_trial=lambda study, trial: seen.append(trial.state))
    assert seen == ["failed"] * parallel and len(study.trials) == parallel


def test_what_runs_beside_a_failure_counts(study_of):
    """It may have taken hours."""
    raised = threading.Event()

    def function(x, y):
        if (x, y) == first:
            raise ZeroDivisionError
        assert raised.wait(60)
        return bowl(x, y)

    first = tuple(study_of(BOWL).ask().params.values())
    study = study_of(BOWL, parallel=2)
    with pytest.raises(ZeroDivisionError):
        study.run(function, 20, on_trial=lambda study, trial: raised.set())
    assert [trial.state for trial in study.trials] == ["failed", "succeeded"]


@pytest.mark.parametrize("result", [None, "many", 10**400, {}])
def test_a_result_that_is_none(study_of, result):
    """The trial does not run on for ever."""
    study = study_of(BOWL)
    with pytest.raises(mushir.InvalidArgument):
        study.run(lambda x, y: result, 3)
    assert [trial.state for trial in study.trials] == ["failed"]


def test_coroutines_that_raise(study_of):
    """The others are cancelled."""
    seen = []

    async def function(x, y):
        seen.append("begun")
        if len(seen) == 1:
            await asyncio.sleep(0)
            raise ZeroDivisionError
        try:
            await asyncio.sleep(3600)
        finally:
            seen.append("cancelled")

    async def tuned():
        with pytest.raises(ZeroDivisionError):
            await study.run_async(function, 20)
        await asyncio.sleep(0)
        assert seen == ["begun", "begun", "cancelled"]  # before the end of the loop, which would cancel them too

    study = study_of(BOWL, parallel=2)
    asyncio.run(tuned())
    assert [trial.state for trial in study.trials] == ["failed", "running"]


def test_a_result_without_the_metric(study_of):
    with pytest.raises(mushir.InvalidArgument, match="must have the metric 'loss', not only \\['acc'\\]"):
        study_of(BOWL, metric="loss").run(lambda x, y: {"acc": 1.0}, 1)
