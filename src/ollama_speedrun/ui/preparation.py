"""A progress display for work before a run, such as fetching the demo's model."""

from types import TracebackType
from typing import Literal, Self, TypeAlias

from rich.console import Console

Unit: TypeAlias = Literal["bytes", "steps"]


class PreparationDisplay:
    """Bars on a terminal, in a pipe a line as each task begins and ends. Use as a context manager."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def show(self, task: str, done: int, total: int, unit: Unit = "steps") -> None:
        """Say how far the task of this name is; a task begins with its first call and ends when `done` reaches `total`."""
        raise NotImplementedError
