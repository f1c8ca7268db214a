"""Optuna studies whose trials a service of ours suggests.

    study = optuna.create_study(sampler=mushir.optuna.MushirSampler("bayesianoptimization"))

Pruners stay Optuna's.
"""
from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Optional, Union

import grpc
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study as OptunaStudy
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .encoding import History, Problem, encode_experiment, encode_numbers, encode_validation
from .errors import InvalidArgument
from .service import Connection, Service
from .space import Choice, Float, Int, Parameter
from .trial import State, Trial

METRIC = "value"
_STATES: dict[TrialState, State] = {TrialState.COMPLETE: "succeeded", TrialState.PRUNED: "stopped", TrialState.FAIL: "failed",
                                    TrialState.RUNNING: "running"}


def parameter_of(name: str, distribution: BaseDistribution) -> Parameter:
    """Optuna's |distribution| as a parameter of ours."""
    if isinstance(distribution, FloatDistribution):
        return Float(distribution.low, distribution.high, distribution.step, distribution.log)
    if isinstance(distribution, IntDistribution):
        return Int(distribution.low, distribution.high, distribution.step, distribution.log)
    if isinstance(distribution, CategoricalDistribution):
        return Choice(distribution.choices)
    raise InvalidArgument(f"{name}: {distribution!r} is no distribution that a service knows")


def _time(moment: Optional[datetime]) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else ""


def _names(n: int) -> list[str]:
    """Of |n| objectives."""
    return [METRIC, *(f"{METRIC}_{i}" for i in range(1, n))]


def _values_of(trial: FrozenTrial) -> list[float]:
    """Its values, one for each objective; of a pruned one its last report."""
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return []
    step = trial.last_step
    return trial.values or ([] if step is None else [trial.intermediate_values[step]])


def _texts_of(trial: FrozenTrial, space: Mapping[str, Parameter]) -> dict[str, str]:
    """Its values as texts; those that are none of the parameter's are left out."""
    texts = {}
    for name, parameter in space.items():
        if name in trial.params:
            try:
                texts[name] = parameter.text(trial.params[name])
            except InvalidArgument:
                continue
    return texts


def trial_of(trial: FrozenTrial, space: Mapping[str, Parameter]) -> Trial:
    """Optuna's |trial| as one of ours. What lacks a parameter counts as a trial and is not learned from."""
    values = dict(zip(_names(len(trial.values or ())), _values_of(trial)))
    return Trial(trial.number, f"trial-{trial.number:06d}", {}, _texts_of(trial, space), _STATES[trial.state],
                 values.pop(METRIC, None), values, started=_time(trial.datetime_start), completed=_time(trial.datetime_complete))


class _Told:
    """What is sent of one study and search space: encoded once for each trial that has ended."""

    def __init__(self, problem: Problem, of: tuple[Any, ...]) -> None:
        self.problem, self.of = problem, of
        self._experiment, self.validation = encode_experiment(problem), encode_validation(problem)
        self._history = History(METRIC)
        self._first = 0  # trials before it have ended and are in the history
        self._ended: set[int] = set()  # others that are

    def _add(self, trial: FrozenTrial) -> None:
        if trial.number not in self._ended and trial.state.is_finished():
            self._history.add(trial_of(trial, self.problem.space))
            self._ended.add(trial.number)

    def request(self, trials: Sequence[FrozenTrial], number: int) -> bytes:
        """The request for the trial of |number|. A running one without parameters is not shown: it asks at this moment."""
        for trial in trials[self._first:]:
            self._add(trial)
        running = [trial_of(trial, self.problem.space) for trial in trials[self._first:]
                   if trial.state == TrialState.RUNNING and trial.params]
        while self._first in self._ended:
            self._ended.remove(self._first)
            self._first += 1
        return b"".join([self._experiment, self._history.with_running(running), encode_numbers(1, number + 1)])


class MushirSampler(BaseSampler):
    """Samples all parameters of a trial together, through a service.

    algorithm, settings, seed, name, service, credentials: as for mushir.Study. search_space: the parameters, where they
    are known before; without it they are those that every completed trial had, as for Optuna's own relative samplers. What
    is not among these, such as the first trial or a parameter that only some trials have, comes from
    independent_sampler, at random by default.

    Failed and pruned trials are known as such to the algorithm, a pruned one by its last report; what runs, also in other
    processes, is known with the parameters that it has by then. Several objectives need an algorithm that has the setting
    `objectives`. Several threads may share a sampler.
    """

    def __init__(self, algorithm: str = "tpe", *, search_space: Optional[Mapping[str, BaseDistribution]] = None,
                 seed: Optional[int] = None, settings: Optional[Mapping[str, Any]] = None, name: str = "study",
                 service: Union[Service, str, None] = None, credentials: Optional[grpc.ChannelCredentials] = None,
                 independent_sampler: Optional[BaseSampler] = None) -> None:
        self._algorithm, self._name = algorithm, name
        self._settings = {**({} if seed is None else {"random_state": str(seed)}),
                          **{key: str(value) for key, value in (settings or {}).items()}}
        self._given_space = None if search_space is None else dict(search_space)
        self._spaces: dict[str, IntersectionSearchSpace] = {}
        self._independent = independent_sampler or RandomSampler(seed)
        self._service, self._credentials = service, credentials
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connection = Connection(self._service, self._credentials)
        self._told: dict[str, _Told] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_connection", "_told")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def close(self) -> None:
        """End the connection and a service of the sampler's own; another trial starts them again."""
        with self._lock:
            self._connection.close()

    def reseed_rng(self) -> None:
        """Optuna's: for one of several workers. A trial's number tells them apart here."""
        self._independent.reseed_rng()

    def infer_relative_search_space(self, study: OptunaStudy, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Optuna's: what is sampled together."""
        if self._given_space is not None:
            return self._given_space
        with self._lock:
            intersection = self._spaces.setdefault(study.study_name, IntersectionSearchSpace())
            return dict(intersection.calculate(study))

    def sample_relative(self, study: OptunaStudy, trial: FrozenTrial,
                        search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """Optuna's: the parameters that are sampled together."""
        if not search_space:
            return {}
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            told = self._told_of(study, search_space, trials[0].datetime_start)
            request = told.request(trials, trial.number)
            answer = self._connection.suggest(request, told.validation).parameter_assignments[0]
        return {pair.name: told.problem.space[pair.name].value(pair.value) for pair in answer.assignments}

    def _told_of(self, study: OptunaStudy, search_space: Mapping[str, BaseDistribution], began: Optional[datetime]) -> _Told:
        """|began| tells studies of one name in different storages apart."""
        told, of = self._told.get(study.study_name), (began, study.directions, search_space)
        if told is not None and told.of[0] != began:
            self._spaces.pop(study.study_name, None)
        if told is None or told.of != of:
            told = self._told[study.study_name] = _Told(self._problem_of(study, search_space), of)
        return told

    def _problem_of(self, study: OptunaStudy, search_space: Mapping[str, BaseDistribution]) -> Problem:
        space = {name: parameter_of(name, distribution) for name, distribution in search_space.items()}
        maximize = [direction == StudyDirection.MAXIMIZE for direction in study.directions]
        names = _names(len(maximize))
        several = {} if len(names) == 1 else {
            "objectives": ", ".join(f"{name}:{'max' if up else 'min'}" for name, up in zip(names, maximize))}
        return Problem(self._name, space, self._algorithm, maximize[0], {**several, **self._settings}, METRIC, names[1:])

    def sample_independent(self, study: OptunaStudy, trial: FrozenTrial, param_name: str,
                           param_distribution: BaseDistribution) -> Any:
        """Optuna's: a parameter by itself."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: OptunaStudy, trial: FrozenTrial) -> None:
        """Optuna's."""
        self._independent.before_trial(study, trial)

    def after_trial(self, study: OptunaStudy, trial: FrozenTrial, state: TrialState, values: Optional[Sequence[float]]) -> None:
        """Optuna's."""
        self._independent.after_trial(study, trial, state, values)
