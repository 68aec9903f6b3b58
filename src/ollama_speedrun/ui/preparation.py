"""A progress display for work before a run, such as fetching the demo's model."""

from types import TracebackType
from typing import Final, Literal, NamedTuple, Self, TypeAlias

from rich.console import Console
from rich.text import Text

from ..report import figures
from ..report.text import clean
from .bars import bar_line
from .lines import BEGIN, SUCCESS
from .painter import Painter

Unit: TypeAlias = Literal["bytes", "steps"]

LABEL_LIMIT: Final = 60


class _Task(NamedTuple):
    name: str
    done: int
    total: int
    unit: Unit

    @property
    def figures(self) -> str:
        if self.unit == "bytes":
            return f"{figures.size(self.done)} of {figures.size(self.total)}"
        return f"{self.done}/{self.total}"


class PreparationDisplay:
    """Bars on a terminal, in a pipe a line as each task begins, and everywhere one when it is done.

    Use as a context manager; leave it before a `RunDisplay` begins on the same console.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._painter = Painter(console, self._region)
        self._tasks: dict[str, _Task] = {}
        self._finished: set[str] = set()

    def __enter__(self) -> Self:
        self._painter.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._painter.__exit__(kind, error, trace)

    def show(self, task: str, done: int, total: int, unit: Unit = "steps") -> None:
        """Say how far a task is; it begins with the first call of that name and ends once `done` reaches `total`."""
        if self._quiet or task in self._finished:
            return
        entry = _Task(clean(task, LABEL_LIMIT), done, total, unit)
        if done >= total:
            self._finished.add(task)
            self._tasks.pop(task, None)
            self._painter.say(Text.assemble(SUCCESS, f"{entry.name}, {entry.figures}"))
            return
        if task not in self._tasks and not self._painter.is_animated:
            self._painter.say(Text.assemble(BEGIN, f"{entry.name}, {entry.figures}"))
        self._tasks[task] = entry

    def _region(self, width: int, height: int) -> list[Text]:
        lines: list[Text] = []
        for task in list(self._tasks.values()):
            lines.append(Text(task.name))
            lines.append(bar_line("", task.done, task.total, (task.figures,), width))
        return lines[:height]
