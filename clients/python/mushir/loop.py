"""Calls a function with what a study asks to try, several at a time if wanted."""
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Optional, Union

from .errors import InvalidArgument
from .trial import Trial

if TYPE_CHECKING:
    from .study import Study

Result = Union[float, Mapping[str, float]]
Function = Callable[..., Result]
Coroutine = Callable[..., Awaitable[Result]]
OnTrial = Optional[Callable[["Study", Trial], object]]
Catch = tuple[type[Exception], ...]


class Stopped(Exception):
    """Raised by a function that is tuned: it gives up early, with the value that it has come to (None: with none)."""

    def __init__(self, value: Optional[float] = None) -> None:
        super().__init__(value)
        self.value = value


class _Inline(Executor):
    """Runs what it is given at once; Ctrl-C goes through."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as raised:  # the loop looks at it
            future.set_exception(raised)
        return future


def _told(study: Study, trial: Trial, result: Any) -> None:
    if not isinstance(result, Mapping):
        study.tell(trial, result)
        return
    metric = study.problem.metric
    if metric not in result:
        raise InvalidArgument(f"the function's result must have the metric {metric!r}, not only {sorted(result)!r}")
    study.tell(trial, result[metric], metrics={name: value for name, value in result.items() if name != metric})


def _ended(study: Study, trial: Trial, call: Any, catch: Catch, on_trial: OnTrial) -> None:
    """Tells what came of |call|, a future or a task that is done."""
    raised = call.exception()
    try:
        if raised is None:
            _told(study, trial, call.result())
        elif isinstance(raised, Stopped):
            study.tell(trial, raised.value, state="stopped")
    except InvalidArgument as wrong:  # what it returned is no result
        raised = wrong
    if raised is not None and not isinstance(raised, Stopped):
        study.tell(trial, state="failed")
    if on_trial:
        on_trial(study, trial)
    if raised is not None and not isinstance(raised, (Stopped, *catch)):
        raise raised


def _wanted(study: Study, trials: int, running: int) -> int:
    return max(0, min(study.problem.parallel - running, trials - len(study.trials) + study.waiting))


def _loop(study: Study, function: Function, trials: int, executor: Executor, catch: Catch, on_trial: OnTrial) -> None:
    running: dict[Future[Any], Trial] = {}
    failure: Optional[Exception] = None
    while True:
        wanted = 0 if failure else _wanted(study, trials, len(running))
        for trial in study.ask(wanted) if wanted else ():
            running[executor.submit(function, **trial.params)] = trial
        if not running:
            break
        for call in wait(running, return_when=FIRST_COMPLETED).done:
            try:
                _ended(study, running.pop(call), call, catch, on_trial)
            except Exception as raised:  # what runs besides may end, and is told
                failure = failure or raised
    if failure:
        raise failure


def run(study: Study, function: Function, trials: int, executor: Optional[Executor], catch: Catch, on_trial: OnTrial) -> None:
    """Study.run."""
    if executor is not None:
        _loop(study, function, trials, executor, catch, on_trial)
    elif study.problem.parallel == 1:
        _loop(study, function, trials, _Inline(), catch, on_trial)
    else:
        with ThreadPoolExecutor(study.problem.parallel) as threads:
            _loop(study, function, trials, threads, catch, on_trial)


async def run_async(study: Study, function: Coroutine, trials: int, catch: Catch, on_trial: OnTrial) -> None:
    """Study.run_async."""
    running: dict[asyncio.Future[Any], Trial] = {}
    try:
        while True:
            wanted = _wanted(study, trials, len(running))
            for trial in await study.ask_async(wanted) if wanted else ():
                running[asyncio.ensure_future(function(**trial.params))] = trial
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                _ended(study, running.pop(call), call, catch, on_trial)
    finally:
        for left in running:
            left.cancel()
