"""Telling if the process that keeps a run is still there."""

import os

import psutil

_SAME_S = 1.0


def this_process() -> tuple[int, float]:
    """Return this process's id and when it began, in seconds since the epoch: both together are its own."""
    return os.getpid(), psutil.Process().create_time()


def is_alive(pid: int | None, started_s: float | None) -> bool:
    """Tell if that very process runs on this machine; False where it is not known."""
    if pid is None or started_s is None:
        return False
    try:
        began_s: float = psutil.Process(pid).create_time()
    except (psutil.Error, ValueError, OverflowError):
        return False
    return abs(began_s - started_s) < _SAME_S
