"""A study and its trials as bytes of the contract.

A message's bytes may be cut anywhere between fields and put together again: a request is the experiment, each trial, and
two numbers, encoded apart. What has ended does not change, so it is encoded once.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import contract
from .space import Discrete, Float, Int, Parameter
from .trial import Trial

CONDITIONS = {"running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "stopped": "EARLYSTOPPED"}


@dataclass(frozen=True)
class Problem:
    """What is sent of a study besides its trials."""

    name: str
    space: Mapping[str, Parameter]
    algorithm: str
    maximize: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    metric: str = "value"
    metrics: Sequence[str] = ()
    parallel: int = 1


def _distribution(parameter: Parameter) -> int:
    if not isinstance(parameter, (Float, Int)):
        return contract.DISTRIBUTION["DISTRIBUTION_UNSPECIFIED"]
    return contract.DISTRIBUTION[("LOG_" if parameter.log else "") + ("NORMAL" if parameter.normal else "UNIFORM")]


def _type(parameter: Parameter) -> int:
    if isinstance(parameter, Float):
        return contract.PARAMETER_TYPE["DOUBLE"]
    if isinstance(parameter, Int):
        return contract.PARAMETER_TYPE["INT"]
    return contract.PARAMETER_TYPE["DISCRETE" if isinstance(parameter, Discrete) else "CATEGORICAL"]


def _describe(spec: Any, name: str, parameter: Parameter) -> None:
    spec.name = name
    spec.parameter_type = _type(parameter)
    space = spec.feasible_space
    space.distribution = _distribution(parameter)
    if isinstance(parameter, (Float, Int)):
        space.min, space.max = parameter.text(parameter.low), parameter.text(parameter.high)
        space.step = "" if parameter.step is None else parameter.text(parameter.step)
    else:
        space.list.extend(parameter.texts())


def experiment_of(problem: Problem) -> Any:
    """The contract's Experiment."""
    experiment = contract.Experiment(name=problem.name)
    spec = experiment.spec
    spec.objective.type = contract.OBJECTIVE_TYPE["MAXIMIZE" if problem.maximize else "MINIMIZE"]
    spec.objective.objective_metric_name = problem.metric
    spec.objective.additional_metric_names.extend(problem.metrics)
    spec.algorithm.algorithm_name = problem.algorithm
    spec.parallel_trial_count = problem.parallel
    for name, value in problem.settings.items():
        spec.algorithm.algorithm_settings.add(name=name, value=value)
    for name, parameter in problem.space.items():
        _describe(spec.parameter_specs.parameters.add(), name, parameter)
    return experiment


def encode_experiment(problem: Problem) -> bytes:
    """The part of a request that says what is wanted."""
    encoded: bytes = contract.SuggestionsRequest(experiment=experiment_of(problem)).SerializeToString()
    return encoded


def encode_trial(trial: Trial, metric: str) -> bytes:
    """The part of a request that tells |trial|."""
    request = contract.SuggestionsRequest()
    message = request.trials.add(name=trial.name)
    for name, text in trial.assignments.items():
        message.spec.parameter_assignments.assignments.add(name=name, value=text)
    for name, text in trial.labels.items():
        message.spec.labels[name] = text
    message.status.condition = contract.CONDITION[CONDITIONS[trial.state]]
    message.status.start_time, message.status.completion_time = trial.started, trial.completed
    measured = trial.metrics if trial.value is None else {metric: trial.value, **trial.metrics}
    for name, value in measured.items():
        message.status.observation.metrics.add(name=name, value=repr(value))
    encoded: bytes = request.SerializeToString()
    return encoded


def encode_numbers(wanted: int, total: int) -> bytes:
    """The part of a request that says how many are |wanted|, and how many were in |total|, these included."""
    encoded: bytes = contract.SuggestionsRequest(
        current_request_number=wanted, total_request_number=total).SerializeToString()
    return encoded


def encode_validation(problem: Problem) -> bytes:
    """The request that has settings and space checked."""
    encoded: bytes = contract.ValidateRequest(experiment=experiment_of(problem)).SerializeToString()
    return encoded


class History:
    """The encoded trials that have ended."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._ended = bytearray()

    def add(self, trial: Trial) -> None:
        """|trial| has ended."""
        self._ended += encode_trial(trial, self._metric)

    def with_running(self, running: Iterable[Trial]) -> bytes:
        """All that ended, and what is |running|."""
        return b"".join([self._ended, *(encode_trial(trial, self._metric) for trial in running)])
