"""A function tuned in one call."""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Optional

from .loop import Function
from .space import Space
from .study import Direction, Study
from .trial import Trial


def _optimize(direction: Direction, function: Function, space: Space, algorithm: str, trials: int,
              executor: Optional[Executor], catch: tuple[type[Exception], ...],
              on_trial: Optional[Callable[[Study, Trial], object]], options: dict[str, Any]) -> Study:
    with Study(space, algorithm, direction=direction, **options) as study:
        return study.run(function, trials, executor=executor, catch=catch, on_trial=on_trial)


def minimize(function: Function, space: Space, algorithm: str = "tpe", *, trials: int, executor: Optional[Executor] = None,
             catch: tuple[type[Exception], ...] = (), on_trial: Optional[Callable[[Study, Trial], object]] = None,
             **options: Any) -> Study:
    """The study after |trials| calls of function(**params), whose smallest value is in study.best.

    executor, catch, on_trial: as for Study.run; options: those of Study, such as seed, settings, parallel.
    """
    return _optimize("minimize", function, space, algorithm, trials, executor, catch, on_trial, options)


def maximize(function: Function, space: Space, algorithm: str = "tpe", *, trials: int, executor: Optional[Executor] = None,
             catch: tuple[type[Exception], ...] = (), on_trial: Optional[Callable[[Study, Trial], object]] = None,
             **options: Any) -> Study:
    """The same for the largest value."""
    return _optimize("maximize", function, space, algorithm, trials, executor, catch, on_trial, options)
