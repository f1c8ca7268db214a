"""Parameters: which values they take, and how values travel as texts."""
from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from .errors import InvalidArgument

Value = Union[str, int, float, bool, None]


def _number(owner: str, field: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise InvalidArgument(f"{owner}: {field} must be a finite number, not {value!r}")


def _whole(owner: str, field: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise InvalidArgument(f"{owner}: {field} must be an int, not {value!r}")


@dataclass(frozen=True)
class Float:
    """A number from low to high, both included.

    log: on a logarithmic scale. step: only low, low + step, ... normal: values in the middle are tried more often, the
    range being six standard deviations (with log: of the logarithm).
    """

    low: float
    high: float
    step: Optional[float] = None
    log: bool = False
    normal: bool = False

    def __post_init__(self) -> None:
        for field in ("low", "high", *(["step"] if self.step is not None else [])):
            _number("Float", field, getattr(self, field))

    def text(self, value: Any) -> str:
        """The text that |value| has in an assignment."""
        _number("Float", "a value", value)
        return repr(float(value))

    def value(self, text: str) -> float:
        """The value that an assignment's |text| stands for."""
        return float(text)


@dataclass(frozen=True)
class Int:
    """A whole number from low to high, both included, at distances of step; log and normal as for Float."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    normal: bool = False

    def __post_init__(self) -> None:
        for field in ("low", "high", "step"):
            _whole("Int", field, getattr(self, field))

    def text(self, value: Any) -> str:
        """The text that |value| has in an assignment."""
        _whole("Int", "a value", value)
        return str(int(value))

    def value(self, text: str) -> int:
        """The value that an assignment's |text| stands for."""
        return int(text)


@dataclass(frozen=True, init=False)
class _Listed:
    """Some given values, each with a text of its own."""

    options: tuple[Value, ...]

    def __init__(self, options: Sequence[Value]) -> None:
        if isinstance(options, str) or not isinstance(options, Sequence) or not options:
            raise InvalidArgument(f"{type(self).__name__}: options must be a list of one value at least, not {options!r}")
        object.__setattr__(self, "options", tuple(options))
        self._check()
        texts = self.texts()
        for i, text in enumerate(texts):
            if text in texts[:i]:
                raise InvalidArgument(f"{type(self).__name__}: options holds {options[i]!r} twice")

    def _check(self) -> None:
        raise NotImplementedError

    def texts(self) -> list[str]:
        """The options' texts: as str writes them, unless two would look alike."""
        texts = [str(option) for option in self.options]
        return texts if len(set(texts)) == len(texts) else [repr(option) for option in self.options]

    def text(self, value: Any) -> str:
        """The text that |value| has in an assignment."""
        equal = [(type(option) is not type(value), text) for option, text in zip(self.options, self.texts()) if option == value]
        if not equal:
            raise InvalidArgument(f"{type(self).__name__}: {value!r} is none of {list(self.options)!r}")
        return min(equal)[1]  # 1, 1.0 and True are equal: the one of the same type, where there is one

    def value(self, text: str) -> Value:
        """The value that an assignment's |text| stands for."""
        try:
            return self.options[self.texts().index(text)]
        except ValueError:
            raise InvalidArgument(f"{type(self).__name__}: {text!r} is none of {self.texts()!r}") from None


class Choice(_Listed):
    """One of some values without an order: texts, numbers, bools or None."""

    def _check(self) -> None:
        for option in self.options:
            if not (option is None or isinstance(option, (str, int, float))):
                raise InvalidArgument(f"Choice: options must be texts, numbers, bools or None, not {option!r}")


class Discrete(_Listed):
    """One of some numbers, whose order says something: batch sizes, widths of a layer."""

    def _check(self) -> None:
        for option in self.options:
            _number("Discrete", "each of options", option)


Parameter = Union[Float, Int, Discrete, Choice]
Space = Mapping[str, Union[Parameter, Sequence[Value]]]


def parameter_of(name: str, given: Any) -> Parameter:
    """The parameter that a user wrote; a list of values is a Choice."""
    if isinstance(given, (Float, Int, Discrete, Choice)):
        return given
    if isinstance(given, (list, tuple)):
        return Choice(given)
    raise InvalidArgument(f"space[{name!r}] must be a Float, Int, Discrete, Choice or list of values, not {given!r}")


def space_of(given: Space) -> dict[str, Parameter]:
    """The space that a user wrote, by name and in its order."""
    if not isinstance(given, Mapping) or not given:
        raise InvalidArgument(f"space must map one name at least to a parameter, not {given!r}")
    for name in given:
        if not isinstance(name, str):
            raise InvalidArgument(f"space: {name!r} must be a text, the name of a parameter")
    return {name: parameter_of(name, parameter) for name, parameter in given.items()}
