"""What the history tells of its runs without reading their documents."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

State: TypeAlias = Literal["complete", "running", "interrupted"]
SHORT_ID: Final = 8
"""So many characters of a run's id are shown; a unique beginning of any length names it."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run as a list shows it.

    `verb` is what was called, "added" for a file that was taken in. `state` is "running" while its process lives, and
    "interrupted" for a run that can be resumed. `hosts` had a model measured, `measured`, `failed` and `skipped` count
    results. `pick` is the recommended model, None where there is none.
    """

    run_id: str
    started_at: datetime
    ended_at: datetime | None
    state: State
    verb: str
    tool_version: str
    hosts: int
    measured: int
    failed: int
    skipped: int
    pick: str | None
    pick_host: str | None

    @property
    def short_id(self) -> str:
        """The beginning of its id."""
        return self.run_id[:SHORT_ID]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The main figures of one result of one run, as the columns of the table `results` hold them.

    Units are those of the names; `quality` and `overall` run from 0 to 100. None where there is no such figure.
    `measured_in` names the run that measured it where that is another one.
    """

    run_id: str
    run_started_at: datetime
    host: str
    model: str
    variant: str | None
    status: str
    measured_in: str | None
    server_version: str | None
    digest: str | None
    ended_at: datetime | None
    decode_tps: float | None
    decode_low_tps: float | None
    decode_high_tps: float | None
    prefill_tps: float | None
    ttft_s: float | None
    load_s: float | None
    memory_bytes: int | None
    gpu_share: float | None
    tier: str | None
    quality: float | None
    quality_low: float | None
    quality_high: float | None
    overall: float | None
