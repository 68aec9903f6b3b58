"""The events of discovery."""

from typing import TypeAlias

import msgspec

from ..events import Notice, PhaseBegan, PhaseEnded
from .types import Access, Host


class ScanProgress(msgspec.Struct, frozen=True):
    """`probed` of `total` addresses have given their answer or their time is up."""

    probed: int
    total: int


class HostFound(msgspec.Struct, frozen=True):
    """A server answered; look-alikes come this way too, named in `host.kind`. `access` is what reached it."""

    host: Host
    access: Access = Access()


class HostMerged(msgspec.Struct, frozen=True):
    """A server already found was reached by another address or source: `host` is its new whole description."""

    host: Host


class TargetFailed(msgspec.Struct, frozen=True):
    """An explicit target, or a host that was found, could not be used."""

    url: str
    reason: str


DiscoveryEvent: TypeAlias = PhaseBegan | PhaseEnded | Notice | ScanProgress | HostFound | HostMerged | TargetFailed
