"""A worker for each machine, with a queue: what machines do side by side, and one machine does in turn."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

Job: TypeAlias = Callable[[], Awaitable[None]]


class Workers:
    """Runs the jobs of each machine one after another, with at most `at_once` machines at work at a time.

    A machine that has nothing left to do gives its place to the one that waits longest. Jobs handle their own failures:
    one that raises ends the group of tasks that the workers belong to.
    """

    def __init__(self, group: asyncio.TaskGroup, *, at_once: int) -> None:
        self._group = group
        self._at_once = at_once
        self._queues: defaultdict[str, deque[Job]] = defaultdict(deque)
        self._working: set[str] = set()
        self._waiting: deque[str] = deque()

    def submit(self, machine: str, job: Job) -> None:
        """Queue a job for a machine."""
        self._queues[machine].append(job)
        if machine not in self._working and machine not in self._waiting:
            self._waiting.append(machine)
            self._start_workers()

    @property
    def has_waiting(self) -> bool:
        """True if a job waits until another one is done."""
        return bool(self._waiting) or any(self._queues.values())

    def _start_workers(self) -> None:
        while self._waiting and len(self._working) < self._at_once:
            machine = self._waiting.popleft()
            self._working.add(machine)
            self._group.create_task(self._work(machine))

    async def _work(self, machine: str) -> None:
        queue = self._queues[machine]
        while queue:
            await queue.popleft()()
        self._working.remove(machine)
        self._start_workers()
