"""One trial: what was tried, and what came of it."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, Optional

from .errors import InvalidArgument

State = Literal["running", "succeeded", "failed", "stopped"]
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass
class Trial:
    """One set of values. ask() makes it, tell() ends it.

    state: "running", "succeeded", "failed" (it has no value), or "stopped" (early: its value is a partial result).
    assignments: the values as the texts that travelled. metrics: what else was measured, by name. folder: of a study that
    has one, where the trial finds and leaves its checkpoint.
    """

    number: int
    name: str
    params: dict[str, Any]
    assignments: dict[str, str]
    state: State = "running"
    value: Optional[float] = None
    metrics: dict[str, float] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    started: str = ""
    completed: str = ""
    folder: Optional[str] = None

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.name} {self.state}" + (f" {self.value!r}" if self.value is not None else "") + f": {values}"


class Clock:
    """Times of trials in RFC 3339, each later than the one before: their order is that in which trials ended."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=timezone.utc)

    def now(self) -> str:
        """The time, or the last one and a microsecond."""
        self._last = max(datetime.now(timezone.utc), self._last + timedelta(microseconds=1))
        return self._last.strftime(_TIME)

    def passed(self, text: str) -> None:
        """Times from now on are later than |text|, if that is one."""
        if text:
            try:
                self._last = max(self._last, datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc))
            except ValueError:
                raise InvalidArgument(f"a trial's time must look like 2026-01-01T00:00:00.000000Z, not {text!r}") from None
