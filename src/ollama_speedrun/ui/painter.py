"""Drawing from a thread: lines that stay, and on a terminal a live region below them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..report.layout import paragraph, printable

PERIOD_S: Final = 0.25
"""A redraw holds up the stamps of chunks for a millisecond or two; four a second stay out of the 99th percentile."""
WIDEST: Final = 110
HANGING: Final = 4


class Painter:
    """Prints what is said and redraws a region, both at most once in `PERIOD_S` and away from the caller's thread.

    `region` is called with a width and a height in cells and returns the lines to draw, no longer and no more than
    that; it is not called where the console is no terminal. `pulse` is called before each time, in the painter's
    thread, and may say something. A stream whose reader has gone ends the drawing, not the work that is drawn.
    """

    def __init__(
        self,
        console: Console,
        region: Callable[[int, int], Sequence[Text]],
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        self.console = console
        self._region = region
        self._pulse = pulse
        self._said: deque[Text] = deque()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._repaint, name="painter", daemon=True)
        self._live: Live | None = None
        self._painting = threading.Lock()
        self._is_held = False

    @property
    def is_animated(self) -> bool:
        """True where there is a region, and not lines alone."""
        return self.console.is_interactive

    def __enter__(self) -> Self:
        if self.is_animated:
            self._live = Live(
                get_renderable=self._draw,
                console=self.console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self.paint()
        if self._live is not None:
            with suppress(OSError):
                self._live.stop()

    def say(self, line: Text) -> None:
        """Have a line printed above the region; returns at once."""
        self._said.append(line)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep still, with the region cleared, while something else writes to the terminal."""
        self.paint()
        with self._painting:
            self._is_held = True
            if self._live is not None:
                with suppress(OSError):
                    self._live.refresh()
        try:
            yield
        finally:
            self._is_held = False

    def paint(self) -> None:
        """Print what was said since the last time, and draw the region again."""
        with self._painting:
            if not self._is_held:
                self._paint()

    def _paint(self) -> None:
        lines: list[Text] = []
        while self._said:
            lines.extend(paragraph(self.console, self._said.popleft(), hanging=HANGING))
        try:
            if lines:
                self.console.print(printable(self.console, Text("\n").join(lines)), soft_wrap=True)
            elif self._live is not None:
                self._live.refresh()
        except OSError:
            self._stopped.set()

    def _repaint(self) -> None:
        while not self._stopped.wait(PERIOD_S):
            self._pulse()
            self.paint()

    def _draw(self) -> Text:
        if self._is_held:
            return Text("")
        # Some terminals wrap as soon as the last column is written to, and Ctrl-C is echoed as ^C behind the last line
        width = min(self.console.width - len("^C") - 1, WIDEST)
        lines = self._region(width, max(self.console.height - 1, 1))
        return printable(self.console, Text("\n", no_wrap=True, overflow="crop").join(lines))
