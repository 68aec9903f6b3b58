"""Find every Ollama server within reach, benchmark its models, and say which one to use.

    import asyncio, ollama_speedrun as speedrun

    plan = speedrun.build_plan(targets=[speedrun.parse_target("127.0.0.1")])
    run = speedrun.Run()
    asyncio.run(speedrun.run(plan, speedrun.RunSettings(), until=speedrun.Phase.ASSESS, emit=print, into=run))
    print(speedrun.encode(run.document(complete=True)).decode())

Names are loaded on first use, so importing the package costs next to nothing.
"""

from ._version import __version__

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from .assessment.recommend import assess
    from .assessment.types import Assessment, Pick, Recommendation, Scores, TierVerdict, Verdict
    from .benchmark.plan import BenchmarkSettings
    from .benchmark.types import Caveat, CaveatKind, Result, StreamRecord
    from .discovery.plan import build_plan
    from .discovery.targets import parse_target
    from .discovery.types import DiscoveryPlan, Host, NetworkTarget, ServerTarget
    from .errors import OllamaError, SpeedrunError, UsageError
    from .events import Phase
    from .inventory.types import Model
    from .pipeline.events import Event
    from .pipeline.record import Run, Selection
    from .pipeline.run import run
    from .pipeline.settings import RunSettings
    from .results.codec import decode, encode
    from .results.types import Document

HOMES = {  # each public name, and its module
    "assess": "assessment.recommend",
    "Assessment": "assessment.types",
    "Pick": "assessment.types",
    "Recommendation": "assessment.types",
    "Scores": "assessment.types",
    "TierVerdict": "assessment.types",
    "Verdict": "assessment.types",
    "BenchmarkSettings": "benchmark.plan",
    "Caveat": "benchmark.types",
    "CaveatKind": "benchmark.types",
    "Result": "benchmark.types",
    "StreamRecord": "benchmark.types",
    "build_plan": "discovery.plan",
    "parse_target": "discovery.targets",
    "DiscoveryPlan": "discovery.types",
    "Host": "discovery.types",
    "NetworkTarget": "discovery.types",
    "ServerTarget": "discovery.types",
    "OllamaError": "errors",
    "SpeedrunError": "errors",
    "UsageError": "errors",
    "Event": "pipeline.events",
    "Phase": "events",
    "Model": "inventory.types",
    "Run": "pipeline.record",
    "RunSettings": "pipeline.settings",
    "Selection": "pipeline.record",
    "run": "pipeline.run",
    "Document": "results.types",
    "decode": "results.codec",
    "encode": "results.codec",
}

__all__ = [  # noqa: RUF022  # in the order of use, not of the alphabet
    "__version__",
    "parse_target",
    "build_plan",
    "DiscoveryPlan",
    "ServerTarget",
    "NetworkTarget",
    "run",
    "Run",
    "RunSettings",
    "Selection",
    "BenchmarkSettings",
    "Phase",
    "Event",
    "Host",
    "Model",
    "Result",
    "StreamRecord",
    "Caveat",
    "CaveatKind",
    "assess",
    "Assessment",
    "Scores",
    "Pick",
    "TierVerdict",
    "Recommendation",
    "Verdict",
    "Document",
    "encode",
    "decode",
    "SpeedrunError",
    "UsageError",
    "OllamaError",
]


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415  `--help` does without

    value: object = getattr(importlib.import_module(f".{HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
