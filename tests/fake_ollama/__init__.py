"""A scriptable Ollama with known speeds: the double that tests and benchmarks share.

async with fake_fleet([HostScript(models=(ModelScript("llama3.2:1b", decode_tps=50),))]) as fleet:
    fleet.hosts[0].url       # where it listens
    fleet.hosts[0].requests  # what a client asked, when, and what truly happened
"""

from fake_ollama.engine import Generation, ScriptedEngine
from fake_ollama.fleet import FakeHost, Fleet, RequestRecord, fake_fleet
from fake_ollama.raw import Forever, Pause, Raw, RawServer, raw_server
from fake_ollama.script import (
    AbruptClose,
    Attention,
    EmptyAnswer,
    EndWithoutDone,
    ErrorAnswer,
    FleetScript,
    HostDies,
    HostScript,
    LoadError,
    ModelScript,
    RunnerDies,
    Stall,
    cloud_model,
    embedding_model,
    image_model,
    load_fleet,
    repeating_model,
)
from fake_ollama.tape import Exchange

__all__ = [
    "AbruptClose",
    "Attention",
    "EmptyAnswer",
    "EndWithoutDone",
    "ErrorAnswer",
    "Exchange",
    "FakeHost",
    "Fleet",
    "FleetScript",
    "Forever",
    "Generation",
    "HostDies",
    "HostScript",
    "LoadError",
    "ModelScript",
    "Pause",
    "Raw",
    "RawServer",
    "RequestRecord",
    "RunnerDies",
    "ScriptedEngine",
    "Stall",
    "cloud_model",
    "embedding_model",
    "fake_fleet",
    "image_model",
    "load_fleet",
    "raw_server",
    "repeating_model",
]
