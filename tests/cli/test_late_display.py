import threading
from types import TracebackType
from typing import Self, cast

import pytest

from ollama_speedrun.cli.late_display import LateDisplay
from ollama_speedrun.events import Notice
from ollama_speedrun.pipeline.events import Event
from ollama_speedrun.ui.live import RunDisplay


class Diary:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_over = True

    def handle(self, event: Event) -> None:
        self.told.append(event)


def test_what_happens_before_the_display_is_there_is_told_in_order() -> None:
    diary, may_load = Diary(), threading.Event()

    def load() -> RunDisplay:
        assert may_load.wait(10)
        return cast("RunDisplay", diary)

    with LateDisplay(load) as display:
        display.handle(Notice("early"))
        assert diary.told == []
        may_load.set()
        display.handle(Notice("later"))
    assert diary.told == [Notice("early"), Notice("later")]
    assert diary.is_over


def test_work_that_is_over_at_once_is_told_all_the_same() -> None:
    diary = Diary()
    with LateDisplay(lambda: cast("RunDisplay", diary)) as display:
        display.handle(Notice("only"))
    assert (diary.told, diary.is_over) == ([Notice("only")], True)


def test_a_display_that_cannot_be_made_is_an_error_at_the_end() -> None:
    def load() -> RunDisplay:
        raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"), LateDisplay(load) as display:
        display.handle(Notice("lost"))
