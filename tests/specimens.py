"""A result document as tests want it: a run that saw success, failure, a skipped model, caveats and a long name."""

from datetime import UTC, datetime

from ollama_speedrun.assessment.types import (
    ClassicScores,
    Pick,
    Recommendation,
    ScoredResult,
    Scores,
    Tier,
    TierVerdict,
    Verdict,
)
from ollama_speedrun.benchmark.types import Caveat, CaveatKind
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.report.document import Document

GB = 1024**3
DESK = "http://192.168.1.20:11434"
RACK = "http://rack.example:8080"
LONG_NAME = "hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-abliterated-GGUF:Q4_K_M"
STAND_IN = "a stand-in"
ON_GPU = Caveat(CaveatKind.PARTLY_ON_GPU, "only 52 % of the model lies on the GPU; a smaller quantisation may fit")
QUEUED = Caveat(CaveatKind.QUEUED, "the request waited; run again when the server is idle")


def host(url: str) -> Host:
    return Host(url=url, kind="ollama", version="0.33.0", via=("scan",), addresses=("192.168.1.20",))


def model(name: str, url: str, *, gigabytes: float | None = 4.6) -> Model:
    return Model(
        host=url,
        name=name,
        digest="d" * 64,
        size_bytes=None if gigabytes is None else round(gigabytes * GB),
        parameter_size="8.0B",
        quantization="Q4_K_M",
        family="llama",
        capabilities=("completion", "tools"),
        context_length=131072,
        kind="chat",
    )


def result(
    name: str,
    url: str,
    *,
    tps: float = 56.23,
    overall: float = 82.93,
    composite: float = 50.0,
    tier: Tier | None = "4-8",
    caveats: tuple[Caveat, ...] = (),
) -> ScoredResult:
    return ScoredResult(
        host=url,
        model=name,
        status="ok",
        decode_tps=tps,
        ttft_s=0.34,
        load_s=2.1,
        total_s=9.1,
        prompt_tokens=311,
        output_tokens=512,
        caveats=caveats,
        scores=Scores(
            classic=ClassicScores(composite, composite, composite),
            overall=overall,
            quality=90.0,
            speed=70.0,
            latency=95.0,
            quality_is=STAND_IN,
        ),
        tier=tier,
        tier_basis="memory",
    )


def document() -> Document:
    return Document(
        started_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        hosts=(host(DESK), host(RACK)),
        models=(
            model("smollm2:135m", DESK, gigabytes=0.25),
            model("llama3.1:8b", DESK),
            model(LONG_NAME, RACK),
            model("phi3:mini", RACK),
            model("nomic-embed-text:latest", RACK),
        ),
        results=(
            result("smollm2:135m", DESK, tps=104.4, overall=39.96, composite=77.0, tier="<2"),
            result(LONG_NAME, RACK, tps=31.2, overall=65.14, caveats=(ON_GPU, QUEUED)),
            result("llama3.1:8b", DESK, caveats=(QUEUED,)),
            ScoredResult(
                host=RACK, model="phi3:mini", status="failed", reason="the stream ended early; look at its log"
            ),
            ScoredResult(host=RACK, model="nomic-embed-text:latest", status="skipped", reason="embeddings only"),
        ),
        verdict=Verdict(
            tiers=(
                TierVerdict("<2", Pick(DESK, "smollm2:135m", 39.96), "the only one"),
                TierVerdict("2-4", None, "nothing here"),
                TierVerdict("4-8", Pick(DESK, "llama3.1:8b", 82.93), "best of 2"),
            ),
            recommendation=Recommendation(DESK, "llama3.1:8b", 82.93, why="best of 3"),
        ),
    )
