"""Studies as files: JSON, the values of trials as the texts that travelled."""
from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any, Union

from .errors import InvalidArgument
from .space import Choice, Discrete, Float, Int, Parameter
from .trial import Trial

if TYPE_CHECKING:
    from .study import Study

FORMAT = 1
_KINDS: dict[str, type[Parameter]] = {"float": Float, "int": Int, "discrete": Discrete, "choice": Choice}
_TRIAL = ("number", "name", "assignments", "state", "value", "metrics", "labels", "started", "completed")


def _kind(parameter: Parameter) -> str:
    return next(name for name, kind in _KINDS.items() if type(parameter) is kind)


def _saved_space(study: Study) -> dict[str, Any]:
    return {name: {"kind": _kind(parameter), **dataclasses.asdict(parameter)} for name, parameter in study.space.items()}


def _saved_trial(trial: Trial) -> dict[str, Any]:
    return {name: getattr(trial, name) for name in _TRIAL if getattr(trial, name) not in (None, "", {})}


def saved(study: Study) -> dict[str, Any]:
    """|study| as what JSON knows."""
    problem = study.problem
    return {"mushir": FORMAT, "name": problem.name, "algorithm": problem.algorithm,
            "direction": "maximize" if problem.maximize else "minimize", "settings": dict(problem.settings),
            "metric": problem.metric, "metrics": list(problem.metrics), "folder": study.folder,
            "parallel": problem.parallel, "space": _saved_space(study), "trials": [_saved_trial(t) for t in study.trials]}


def save(study: Study, path: Union[str, os.PathLike[str]]) -> None:
    """Write |study|, to another file first that then takes |path|'s place."""
    beside = f"{os.fspath(path)}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(saved(study), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _read(saved: Any) -> tuple[dict[str, Any], list[Trial]]:
    if saved["mushir"] != FORMAT:
        raise InvalidArgument("written by another version of this package")
    arguments = {name: value for name, value in saved.items() if name not in ("mushir", "trials")}
    arguments["space"] = {name: _KINDS[spec["kind"]](**{key: value for key, value in spec.items() if key != "kind"})
                          for name, spec in saved["space"].items()}
    return arguments, [Trial(params={}, **trial) for trial in saved["trials"]]


def read(saved: Any, source: str) -> tuple[dict[str, Any], list[Trial]]:
    """The arguments of the study that was saved, and its trials, whose values are texts only."""
    try:
        return _read(saved)
    except InvalidArgument as wrong:
        raise InvalidArgument(f"{source}: {wrong}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise InvalidArgument(f"{source}: this is no saved study: {wrong!r}") from None


def load(path: Union[str, os.PathLike[str]]) -> tuple[dict[str, Any], list[Trial]]:
    """read() of a file."""
    with open(path, encoding="utf-8") as file:
        try:
            return read(json.load(file), os.fspath(path))
        except json.JSONDecodeError as wrong:
            raise InvalidArgument(f"{os.fspath(path)}: this is no saved study: {wrong!r}") from None
