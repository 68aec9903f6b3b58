"""What became of one step of model-written code, as values."""

from typing import TypeAlias

import msgspec

from .graders.json_value import JsonValue


class Returned(msgspec.Struct, frozen=True):
    """The function returned this value."""

    value: JsonValue


class Raised(msgspec.Struct, frozen=True):
    """The code is not valid, raised an exception, or returned what is no JSON value."""

    why: str


class Stopped(msgspec.Struct, frozen=True):
    """The code was stopped: it took too long, too much memory, or took its worker down."""

    why: str


class Lacking(msgspec.Struct, frozen=True):
    """The code uses a feature of Python that Monty lacks, so nothing is known about it."""

    feature: str


class Broken(msgspec.Struct, frozen=True):
    """The sandbox itself failed before it ran anything, so nothing is known about the code."""

    why: str


Outcome: TypeAlias = Returned | Raised | Stopped | Lacking | Broken
