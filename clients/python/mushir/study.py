"""A study: a space, an algorithm, and the trials so far."""
from __future__ import annotations

import asyncio
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import islice
from typing import Any, Literal, NamedTuple, Optional, Union, overload

import grpc

from . import files, loop
from .encoding import History, Problem, encode_experiment, encode_numbers, encode_validation
from .errors import InvalidArgument, NoResult
from .service import Connection, Service
from .space import Float, Int, Parameter, Space, space_of
from .trial import Clock, State, Trial

Direction = Literal["minimize", "maximize"]


class _Outcome(NamedTuple):
    state: State
    value: Optional[float]
    metrics: dict[str, float]


def _number(owner: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgument(f"{owner} must be a number, not {value!r}") from None


def _settings(given: Optional[Mapping[str, Any]], space: Mapping[str, Parameter], seed: Optional[int], resource: Optional[str],
              folder: Optional[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    if seed is not None:
        settings["random_state"] = str(seed)
    if resource is not None:
        parameter = space.get(resource)
        if not isinstance(parameter, (Float, Int)):
            raise InvalidArgument(f"resource must name a Float or Int of the space, not {resource!r}")
        settings.update(resource_name=resource, r_l=parameter.text(parameter.high))
    if folder is not None:
        settings["suggestion_trial_dir"] = folder
    return {**settings, **{name: str(value) for name, value in (given or {}).items()}}


class Study:
    """Asks a service what to try, and keeps what came of it.

    space: a Float, Int, Discrete, Choice or list of values by name. algorithm: as in the table of the project's README;
    settings: its settings. resource: of hyperband, asha and bohb, the parameter that says how much a trial may use.
    folder: of these and pbt, where each trial gets a folder with the checkpoint that it goes on from. seed: another one,
    other trials; without it name and space are the seed. metric, metrics: names of the objective and of what else is
    told. parallel: how many trials run at a time. service: a Service that several studies share, or the "HOST:PORT" of
    one that runs somewhere (credentials: those of a TLS channel); without it the study starts one when it first asks.

    The answer to ask() depends on nothing but these arguments and the trials. Methods may be called from any thread.
    """

    def __init__(self, space: Space, algorithm: str = "tpe", *, direction: Direction = "minimize", seed: Optional[int] = None,
                 settings: Optional[Mapping[str, Any]] = None, name: str = "study", metric: str = "value",
                 metrics: Sequence[str] = (), resource: Optional[str] = None,
                 folder: Union[str, os.PathLike[str], None] = None, parallel: int = 1,
                 service: Union[Service, str, None] = None, credentials: Optional[grpc.ChannelCredentials] = None) -> None:
        if direction not in ("minimize", "maximize"):
            raise InvalidArgument(f"direction must be 'minimize' or 'maximize', not {direction!r}")
        self.space = space_of(space)
        self.folder = None if folder is None else os.path.abspath(folder)
        self.problem = Problem(name, self.space, algorithm, direction == "maximize",
                               _settings(settings, self.space, seed, resource, self.folder), metric, tuple(metrics), parallel)
        self.trials: list[Trial] = []
        self._service, self._connection = service, Connection(service, credentials, self.folder)
        self._lock = threading.RLock()
        self._clock = Clock()
        self._experiment, self._validation = encode_experiment(self.problem), encode_validation(self.problem)
        self._history = History(metric)
        self._running: dict[int, Trial] = {}
        self._again: deque[Trial] = deque()  # what ran when the study was saved

    def close(self) -> None:
        """End the connection and a service of one's own; another ask() starts them again."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- ask and tell ----

    @overload
    def ask(self) -> Trial: ...

    @overload
    def ask(self, n: int) -> list[Trial]: ...

    def ask(self, n: Optional[int] = None) -> Union[Trial, list[Trial]]:
        """What to try next; with |n| that many at once, which differ. Each is running until it is told."""
        with self._lock:
            count = 1 if n is None else n
            trials = list(islice(self._again, max(0, count)))
            wanted = count - len(trials)
            if wanted > 0:
                request = b"".join([self._experiment, self._history.with_running(self._running.values()),
                                    encode_numbers(wanted, len(self.trials) + wanted)])
                reply = self._connection.suggest(request, self._validation)
                trials += [self._begin(answer) for answer in reply.parameter_assignments]
            for _ in range(count - max(0, wanted)):
                self._again.popleft()
            return trials[0] if n is None else trials

    async def ask_async(self, n: int) -> list[Trial]:
        """ask(n) for coroutines, on a thread of the loop's executor."""
        return await asyncio.get_running_loop().run_in_executor(None, self.ask, n)

    def _begin(self, answer: Any) -> Trial:
        texts = {assignment.name: assignment.value for assignment in answer.assignments}
        return self._enter(texts, name=answer.trial_name, labels=dict(answer.labels))

    def _enter(self, texts: dict[str, str], name: str = "", labels: Optional[dict[str, str]] = None) -> Trial:
        number = len(self.trials)
        name = name or f"{self.problem.name}-{number:04d}"
        trial = Trial(number, name, self._params_of(texts), texts, labels=labels or {}, started=self._clock.now(),
                      folder=self._folder_of(name))
        self.trials.append(trial)
        self._running[number] = trial
        return trial

    def _params_of(self, texts: Mapping[str, str]) -> dict[str, Any]:
        return {name: self.space[name].value(text) if name in self.space else text for name, text in texts.items()}

    def _folder_of(self, name: str) -> Optional[str]:
        return os.path.join(self.folder, self.problem.name, name) if self.folder else None

    def tell(self, trial: Union[Trial, int], value: Any = None, *, state: Optional[State] = None,
             metrics: Optional[Mapping[str, Any]] = None) -> Trial:
        """|trial|, or the one of that number, has ended.

        With a value it has succeeded, unless state says that it was "stopped" early. state="failed", or a value that is
        not finite: it has failed.
        """
        with self._lock:
            own = self._running.get(trial if isinstance(trial, int) else trial.number)
            if own is None or isinstance(trial, Trial) and own is not trial:
                raise InvalidArgument(f"trial: {trial} is none of this study's that run")
            self._end(own, self._outcome(value, state, metrics or {}))
            return own

    def add(self, params: Mapping[str, Any], value: Any = None, *, state: Optional[State] = None,
            metrics: Optional[Mapping[str, Any]] = None) -> Trial:
        """A trial that was not asked for: known before, or chosen by hand. Without value and state it is running."""
        if set(params) != set(self.space):
            raise InvalidArgument(f"params must have {sorted(self.space)!r}, not {sorted(params)!r}")
        texts = {name: parameter.text(params[name]) for name, parameter in self.space.items()}
        outcome = None if value is None and state is None else self._outcome(value, state, metrics or {})
        with self._lock:
            trial = self._enter(texts)
            if outcome:
                self._end(trial, outcome)
            return trial

    def _outcome(self, value: Any, state: Optional[State], metrics: Mapping[str, Any]) -> _Outcome:
        if value is None and state not in ("failed", "stopped") or state not in (None, "succeeded", "failed", "stopped"):
            raise InvalidArgument(f"a value is wanted, or the state 'failed' or 'stopped', not {value!r} and {state!r}")
        for name in metrics:
            if name not in self.problem.metrics:
                raise InvalidArgument(f"metrics[{name!r}]: the study's metrics are {list(self.problem.metrics)!r}")
        number = math.nan if value is None else _number("value", value)
        measured = {name: _number(f"metrics[{name!r}]", given) for name, given in metrics.items()}
        if not math.isfinite(number) or state == "failed":
            return _Outcome("stopped" if state == "stopped" else "failed", None, measured)
        return _Outcome(state or "succeeded", number, measured)

    def _end(self, trial: Trial, outcome: _Outcome) -> None:
        trial.state, trial.value, trial.metrics = outcome
        trial.completed = self._clock.now()
        del self._running[trial.number]
        if trial in self._again:
            self._again.remove(trial)
        self._history.add(trial)

    # ---- the loop ----

    def run(self, function: loop.Function, trials: int, *, executor: Optional[Executor] = None,
            catch: tuple[type[Exception], ...] = (), on_trial: Optional[Callable[[Study, Trial], object]] = None) -> Study:
        """Calls function(**params) until the study has |trials| trials, as many at a time as the study's parallel says.

        It returns the value, or a mapping with the study's metric and metrics; raising Stopped(value) ends it early. What
        it raises else makes the trial failed and ends the run, unless |catch| has it; calls that run besides may end first.
        Several at a time run on threads, or wherever |executor| runs them. on_trial is called after each.
        """
        loop.run(self, function, trials, executor, catch, on_trial)
        return self

    async def run_async(self, function: loop.Coroutine, trials: int, *, catch: tuple[type[Exception], ...] = (),
                        on_trial: Optional[Callable[[Study, Trial], object]] = None) -> Study:
        """The same for a coroutine function, as many at a time as the study's parallel says."""
        await loop.run_async(self, function, trials, catch, on_trial)
        return self

    # ---- results ----

    @property
    def best(self) -> Trial:
        """The best trial that has succeeded."""
        done = [trial for trial in self.trials if trial.state == "succeeded" and trial.value is not None]
        if not done:
            raise NoResult(f"none of {len(self.trials)} trials has succeeded")
        return (max if self.problem.maximize else min)(done, key=lambda trial: trial.value or 0.0)

    @property
    def waiting(self) -> int:
        """How many trials ran when the study was saved and are handed out again before new ones are asked for."""
        return len(self._again)

    def forget_waiting(self) -> None:
        """Those are run again by somebody else: only tell() is wanted for them."""
        with self._lock:
            self._again.clear()

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Write the study as JSON; an interrupted save leaves the file as it was."""
        with self._lock:
            files.save(self, path)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]], *, service: Union[Service, str, None] = None,
             credentials: Optional[grpc.ChannelCredentials] = None) -> Study:
        """The study that was saved; it goes on as if it had never ended. What ran is asked for first."""
        arguments, trials = files.load(path)
        study = cls(**arguments, service=service, credentials=credentials)
        study._restore(trials)
        return study

    def __getstate__(self) -> dict[str, Any]:
        """A study is pickled as it is saved; the address that it was given goes along, another kind of service does not."""
        with self._lock:
            return {**files.saved(self), "service": self._service if isinstance(self._service, str) else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arguments, trials = files.read(state, "state")
        self.__init__(**arguments)  # type: ignore[misc]
        self._restore(trials)

    def _restore(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            trial.params, trial.folder = self._params_of(trial.assignments), self._folder_of(trial.name)
            self.trials.append(trial)
            self._clock.passed(max(trial.started, trial.completed))
            if trial.state == "running":
                self._running[trial.number] = trial
                self._again.append(trial)
            else:
                self._history.add(trial)
