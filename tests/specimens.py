"""A result document as tests want it: a run that saw success, failure, a skipped model, caveats and a long name."""

from datetime import UTC, datetime

import msgspec

from ollama_speedrun.assessment.types import (
    Assessment,
    ClassicScores,
    Pick,
    Quality,
    Rated,
    Recommendation,
    Scores,
    Tier,
    TierVerdict,
    Verdict,
)
from ollama_speedrun.benchmark.types import (
    Caveat,
    CaveatKind,
    ConcurrencyPoint,
    DepthPoint,
    EmbeddingFigures,
    ImageFigures,
    Interval,
    Result,
)
from ollama_speedrun.discovery.types import Host
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.quality.scoring import AreaScore
from ollama_speedrun.results.types import Document

GB = 1_000_000_000
DESK = "http://192.168.1.20:11434"
RACK = "http://rack.example:8080"
LONG_NAME = "hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-abliterated-GGUF:Q4_K_M"
ON_GPU = Caveat(CaveatKind.PARTLY_ON_GPU, "only 52 % of the model lies on the GPU; a smaller quantisation may fit")
QUEUED = Caveat(CaveatKind.QUEUED, "the request waited; run again when the server is idle")


EMBEDDING = Result(
    host=RACK,
    model="nomic-embed-text:latest",
    status="ok",
    load_s=0.42,
    embedding=EmbeddingFigures(dimension=768, batch_1_per_s=41.5, batch_32_per_s=310.2),
)
IMAGE = ImageFigures(tokens=260, prefill_s=0.31)
DEPTHS = tuple(
    DepthPoint(
        prompt_tokens=tokens,
        num_ctx=tokens + 320,
        prefill_tps=prefill_tps,
        decode_tps=decode_tps,
        ttft_s=tokens / prefill_tps,
        memory_bytes=round(gigabytes * GB),
        gpu_share=gpu_share,
    )
    for tokens, prefill_tps, decode_tps, gigabytes, gpu_share in (
        (46, 210.0, 57.0, 5.0, 1.0),
        (2048, 2100.0, 55.4, 5.2, 1.0),
        (8190, 1500.0, 21.0, 6.1, 0.8),
        (32768, 700.0, 9.5, 9.0, 0.55),
    )
)
LEVELS = tuple(
    ConcurrencyPoint(requests=requests, throughput_tps=tps, ttft_p50_s=0.2, ttft_p95_s=p95_s, ran_at_once=at_once)
    for requests, tps, p95_s, at_once in ((1, 57.0, 0.2, 1), (2, 98.0, 0.3, 2), (4, 150.5, 0.4, 4), (8, 151.0, 6.5, 4))
)


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
    caveats: tuple[Caveat, ...] = (),
    gpu_share: float = 1.0,
    variant: str | None = None,
) -> Result:
    return Result(
        host=url,
        model=name,
        variant=variant,
        status="ok",
        decode_tps=tps,
        decode_interval=Interval(tps / 1.02, tps * 1.02, 5),
        gpu_share=gpu_share,
        ttft_s=0.34,
        load_s=2.1,
        total_s=9.1,
        prompt_tokens=311,
        output_tokens=512,
        caveats=caveats,
    )


def rated(measured: Result, *, overall: float = 82.93, composite: float = 50.0, tier: Tier | None = "4-8") -> Rated:
    assessment = Assessment(
        host=measured.host,
        model=measured.model,
        variant=measured.variant,
        scores=Scores(
            classic=ClassicScores(composite, composite, composite),
            overall=overall,
            quality=90.0,
            speed=70.0,
            latency=95.0,
        ),
        quality=quality(),
        seconds_to_correct_answer=1.5,
        tier=tier,
        tier_basis="memory",
    )
    return Rated(measured, assessment)


def quality(score: float = 90.0, *, items: int = 25) -> Quality:
    return Quality(
        score=score,
        low=score - 8,
        high=score + 6,
        strict=score - 10,
        items=items,
        areas={"reasoning": AreaScore(score=score, low=score - 20, high=score + 10, items=items)},
        truncated_share=0.0,
        repeated_share=0.04,
        format_slip_share=0.08,
        ungradable=0,
        protocol="chat",
        bank="1",
        mix="easy",
        identity="0123456789abcdef",
    )


def unrated(measured: Result, *, tier: Tier | None = None) -> Rated:
    assessment = Assessment(
        host=measured.host,
        model=measured.model,
        variant=measured.variant,
        tier=tier,
        tier_basis=None if tier is None else "memory",
    )
    return Rated(measured, assessment)


def run_of(*entries: Rated | Result, verdict: Verdict | None = None) -> Document:
    """The document with other results; a mere result has the usual scores."""
    pairs = [entry if isinstance(entry, Rated) else rated(entry) for entry in entries]
    return msgspec.structs.replace(
        document(),
        results=tuple(pair.result for pair in pairs),
        assessments=tuple(pair.assessment for pair in pairs),
        verdict=verdict,
    )


def document() -> Document:
    entries = (
        rated(result("smollm2:135m", DESK, tps=104.4), overall=39.96, composite=77.0, tier="<2"),
        rated(result(LONG_NAME, RACK, tps=31.2, caveats=(ON_GPU, QUEUED), gpu_share=0.52), overall=65.14),
        rated(result("llama3.1:8b", DESK, caveats=(QUEUED,))),
        unrated(
            Result(host=RACK, model="phi3:mini", status="failed", reason="the stream ended early; look at its log")
        ),
        unrated(Result(host=RACK, model="painter:latest", status="skipped", reason="it draws and cannot answer")),
        unrated(EMBEDDING, tier="<2"),
    )
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
        results=tuple(entry.result for entry in entries),
        assessments=tuple(entry.assessment for entry in entries),
        verdict=Verdict(
            tiers=(
                TierVerdict("<2", Pick(DESK, "smollm2:135m", 39.96), "the only one"),
                TierVerdict("2-4", None, "nothing here"),
                TierVerdict("4-8", Pick(DESK, "llama3.1:8b", 82.93), "best of 2"),
            ),
            recommendation=Recommendation(DESK, "llama3.1:8b", 82.93, why="best of 3"),
        ),
    )
