"""The energy counter of a machine that a fake host runs on: idle power, and more while a model is at work."""

import time

from fake_ollama.fleet import FakeHost
from ollama_speedrun.units import seconds


class ScriptedMeter:
    """Counts joules since it was made. `host` None: no model ever works on this machine."""

    def __init__(self, host: FakeHost | None, *, idle_watts: float, busy_watts: float) -> None:
        self.names = ("scripted",)
        self._host = host
        self._idle_watts = idle_watts
        self._busy_watts = busy_watts
        self._made_ns = time.perf_counter_ns()

    def read(self) -> tuple[int, float]:
        """Return the moment, and the joules until then."""
        now_ns = time.perf_counter_ns()
        generations = [] if self._host is None else self._host.engine.generations
        busy_ns = sum(
            max(0, min(now_ns, generation.last_token_ns or now_ns) - max(self._made_ns, generation.slot_ns))
            for generation in generations
        )
        joules = self._idle_watts * seconds(now_ns - self._made_ns)
        return now_ns, joules + (self._busy_watts - self._idle_watts) * seconds(busy_ns)
