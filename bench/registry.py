"""What a measurement is, how it is declared, and what a run gives to it."""

import importlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

#: The modules that declare measurements, in the order in which they run.
MODULES: tuple[str, ...] = (
    "bench.compare",
    "bench.history",
    "bench.impact",
    "bench.plans",
    "bench.reminders",
    "bench.work_list",
)


@dataclass(frozen=True)
class Bar:
    """A bar that a figure should meet: the ratio when the row has one, else the value."""

    most: float | None = None
    least: float | None = None

    def is_met_by(self, figure: float) -> bool:
        """Return whether ``figure`` lies within the bar."""
        return (self.most is None or figure <= self.most) and (self.least is None or figure >= self.least)

    def __str__(self) -> str:
        return f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"


@dataclass(frozen=True)
class Row:
    """One figure. ``compared_with`` names the other side of ``ratio`` and its absolute figure; ``how`` says how it was measured."""

    name: str
    value: float
    unit: str
    compared_with: str
    ratio: float | None
    how: str
    bar: Bar | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as results.json holds it."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "compared_with": self.compared_with,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "how": self.how,
        }


@dataclass
class Run:
    """What the measurements of one run share: a folder, and costly things that are made once and taken down at the end."""

    folder: Path
    _stack: ExitStack
    _kept: dict[str, Any] = field(default_factory=dict)

    def keep(self, key: str, make: Callable[[], AbstractContextManager[T]]) -> T:
        """Return what ``make`` opens; made at the first call with ``key`` and closed when the run ends."""
        if key not in self._kept:
            self._kept[key] = self._stack.enter_context(make())
        kept: T = self._kept[key]
        return kept


Function = Callable[[Run], Iterator[Row]]


@dataclass(frozen=True)
class Measurement:
    """A function and the names of the rows that it yields."""

    names: tuple[str, ...]
    function: Function

    def is_asked_for(self, prefix: str) -> bool:
        """Return whether one of its names begins with ``prefix``."""
        return any(name.startswith(prefix) for name in self.names)

    def rows(self, run: Run) -> Iterator[Row]:
        """Yield its rows; raise ValueError unless they are exactly those that it declares."""
        missing = set(self.names)
        for row in self.function(run):
            if row.name not in missing:
                raise ValueError(f"{row.name} is not among the names declared: {', '.join(self.names)}")
            missing.remove(row.name)
            yield row
        if missing:
            raise ValueError(f"declared but not measured: {', '.join(sorted(missing))}")


_measurements: list[Measurement] = []


def measure(*names: str) -> Callable[[Function], Function]:
    """Declare a function that takes a `Run` and yields one `Row` for each of ``names``."""

    def declare(function: Function) -> Function:
        taken = {name for known in _measurements for name in known.names} & set(names)
        if taken:
            raise ValueError(f"declared twice: {', '.join(sorted(taken))}")
        _measurements.append(Measurement(names, function))
        return function

    return declare


def measurements(prefix: str = "") -> list[Measurement]:
    """Import the modules and return the measurements with a name that begins with ``prefix``."""
    for module in MODULES:
        importlib.import_module(module)
    return [known for known in _measurements if known.is_asked_for(prefix)]


def open_run(stack: ExitStack) -> Run:
    """Return a run whose folder and kept things last as long as ``stack``."""
    return Run(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="collab-bench-"))), stack)
