"""Signals as a terminal's shell hands them on, for processes that a test starts and interrupts."""

import signal


def as_in_a_terminal() -> None:
    """Undo what nohup, or a shell that started the tests in the background, has made processes ignore.

    For `preexec_fn`: it runs in the child, between fork and exec.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
