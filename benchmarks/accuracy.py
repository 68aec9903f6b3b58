"""How true the figures are: `python benchmarks/accuracy.py [--repeat 3]`.

Servers with known truth (a process of their own) are measured by the code that the command line runs, one scenario
after another; each figure is set against the truth:

decode, prefill, load, GPU share    what the script of the server says (a load takes as long as the script says plus
                                    what the server's timer is late by)
TTFT, first answer, decode by our   what went over the wire: the server's end keeps each byte with the moment at which
clock, turns of a conversation      it was written or read, so that the server's own lateness is not charged to us
decode and prefill, deep            what the script says of that depth of the context
memory at 64k                       what the script says of a context that was never loaded
joules a token                      the scripted watts and the time on the wire
cached share                        the tokens that the prompts of two turns have in common

Both ends read the same monotonic clock. Where no figure can be had there must be none, and the caveats must be exactly
the expected ones. The error of a figure is the median over the repetitions; on a busy machine one alone says little.
Misses are printed and counted; they do not change the exit status, for machines differ.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from fake_ollama.engine import memory_bytes, true_decode_tps, true_prefill_tps  # noqa: E402
from fake_ollama.script import FleetScript, ModelScript  # noqa: E402  # the path to it comes first
from fake_ollama.speech import prompt_tokens  # noqa: E402
from fake_ollama.tape import Exchange  # noqa: E402
from fake_ollama.tokens import common_prefix  # noqa: E402
from ollama_speedrun.benchmark import metrics, stats  # noqa: E402
from ollama_speedrun.benchmark.types import Result, StreamRecord  # noqa: E402
from ollama_speedrun.demo.engine import GenerateJob, Message  # noqa: E402
from ollama_speedrun.units import NS_PER_S  # noqa: E402
from truth import CACHED, SCENARIOS, Figure, Scenario, figures_of, measured  # noqa: E402

WANTED: Mapping[Figure, float] = {
    "decode": 0.01,
    "decode, our clock": 0.01,
    "prefill": 0.02,
    "TTFT": 0.002,
    "first answer": 0.002,
    "load": 0.01,
    "GPU share": 0.01,
    "second turn, warm": 0.002,
    "second turn, cold": 0.002,
    "cached share": 1e-9,
    "cached share, by time": 0.01,
    "decode, deep": 0.01,
    "prefill, deep": 0.02,
    "memory at 64k": 0.01,
    "joules a token": 0.02,
}
"""The largest error: seconds for times to a first token, else a share of the truth (a cached share: points)."""
QUEUED_TOKENS = 8
"""A first token that comes later than the earliest one by the time of so many tokens stood behind another request."""
FORMS: Mapping[Figure, str] = {
    "load": "{:.4f} s",
    "memory at 64k": "{:.4f} GB",
    "joules a token": "{:.3f} J",
    "GPU share": "{:.1%}",
    "cached share": "{:.1%}",
    "cached share, by time": "{:.1%}",
}
IN_SECONDS: frozenset[Figure] = frozenset({"TTFT", "first answer", "second turn, warm", "second turn, cold"})


@dataclass(frozen=True)
class Streamed:
    """What the server truly sent of one generation: in seconds after it had read the request."""

    first_content_s: float
    first_answer_s: float | None
    last_content_s: float

    @property
    def window_s(self) -> float:
        """From the first content to the last."""
        return self.last_content_s - self.first_content_s


@dataclass(frozen=True)
class Row:
    """One figure of one scenario: the truth and ours, None where there is none."""

    figure: Figure
    truth: float | None
    ours: float | None

    @property
    def error(self) -> float | None:
        """Ours − truth in the unit of the bound; None where there is nothing to compare."""
        if self.truth is None or self.ours is None:
            return None
        by_difference = self.figure in IN_SECONDS | CACHED
        return self.ours - self.truth if by_difference else self.ours / self.truth - 1

    @property
    def is_met(self) -> bool:
        """Whether it is within its bound, or rightly absent."""
        if self.error is None:
            return self.truth is None and self.ours is None
        return abs(self.error) <= WANTED[self.figure]


def streamed(exchange: Exchange) -> Streamed | None:
    """Return when an exchange's content was sent; None where none was."""
    content = [
        (sent_ns - exchange.arrived_ns, line)
        for sent_ns, line in exchange.lines()
        if line.get("response") or line.get("thinking") or said_in_chat(line)
    ]
    answers = [sent_ns / NS_PER_S for sent_ns, line in content if line.get("response")]
    if not content:
        return None
    return Streamed(content[0][0] / NS_PER_S, answers[0] if answers else None, content[-1][0] / NS_PER_S)


def said_in_chat(line: Mapping[str, object]) -> bool:
    """Whether a line of /api/chat has content."""
    message = line.get("message")
    return isinstance(message, dict) and bool(message.get("content"))


def exchange_of(record: StreamRecord, generations: Sequence[Exchange]) -> Exchange:
    """Find what went over the wire for a record: the server's total duration, to the ns, is its fingerprint."""
    return next(
        exchange
        for exchange in generations
        if (lines := exchange.lines()) and lines[-1][1].get("total_duration") == record.total_duration_ns
    )


def truths(scenario: Scenario, result: Result, tape: Sequence[Exchange]) -> Mapping[Figure, float | None]:
    """Return what each figure truly is; None for those that cannot be had."""
    if scenario.fails:
        return dict.fromkeys(asked_of(scenario))
    script = scenario.model
    generations = [exchange for exchange in tape if exchange.path == "/api/generate" and "options" in exchange.body]
    if result.interview is None:
        raise ValueError(f"{scenario.name}: {result.reason}")
    if script.report_durations:
        interview, *trials = (streamed(exchange_of(one, generations)) for one in (result.interview, *result.trials))
    else:
        interview, *trials = (streamed(exchange) for exchange in generations[1:])
    true: dict[Figure, float | None] = {
        "decode": true_decode_tps(script, result.prompt_tokens or 0),
        "decode, our clock": stats.geometric_mean(list(_decode_rates(result.trials, trials))),
        "prefill": true_prefill_tps(script, result.prompt_tokens or 0),
        "TTFT": stats.percentile(_undisturbed_s(trials, script), 0.5),
        "first answer": interview.first_answer_s if interview else None,
        "load": script.load_s,
        "GPU share": script.gpu_share,
        **of_depth(script, result),
        "joules a token": joules_per_token(scenario, result, generations),
        **of_conversation(script, conversation_of(result, tape)),
    }
    if script.reported_eval_duration_ns is not None:
        true["decode"] = true["decode, our clock"]
    return {figure: None if figure in scenario.absent else true[figure] for figure in asked_of(scenario)}


def of_depth(script: ModelScript, result: Result) -> dict[Figure, float | None]:
    """Return what is true at the deepest depth that was measured, and of the memory with 64k tokens of context."""
    if not result.depths:
        return {}
    depth_tokens = result.depths[-1].prompt_tokens or 0
    return {
        "decode, deep": true_decode_tps(script, depth_tokens),
        "prefill, deep": true_prefill_tps(script, depth_tokens),
        "memory at 64k": memory_bytes(script, 65_536),
    }


def asked_of(scenario: Scenario) -> list[Figure]:
    """Return the figures that a scenario asks for."""
    return [figure for figure in WANTED if figure not in scenario.unasked]


def joules_per_token(scenario: Scenario, result: Result, generations: Sequence[Exchange]) -> float | None:
    """Return the scripted watts × the seconds that the trials took on the wire / their tokens."""
    if scenario.watts is None:
        return None
    trials = [exchange_of(trial, generations) for trial in result.trials]
    seconds = sum(trial.sent[-1][0] - trial.arrived_ns for trial in trials) / NS_PER_S
    return scenario.watts.busy_watts * seconds / sum(trial.eval_count or 0 for trial in result.trials)


def conversation_of(result: Result, tape: Sequence[Exchange]) -> list[Exchange]:
    """Return what went over the wire for the first three turns: those of the conversation that the figures are of."""
    turns, found = [exchange for exchange in tape if exchange.path == "/api/chat"], result.second_turn
    if found is None:
        return turns[:3]
    return [exchange_of(record, turns) for record in (found.first, found.second, found.other)]


def of_conversation(script: ModelScript, turns: Sequence[Exchange]) -> dict[Figure, float | None]:
    """Return what is true of a conversation's turns as they were sent: the second, and another one as the third."""
    if len(turns) < 3:
        return {}
    first_s = [None if (sent := streamed(turn)) is None else sent.first_content_s for turn in turns]
    prompts = [prompt_of(script, turn) for turn in turns]
    shared = min(common_prefix(prompts[0], prompts[1]), len(prompts[1]) - 1) if script.prompt_cache else 0
    share = shared / len(prompts[1])
    return {
        "second turn, warm": first_s[1],
        "second turn, cold": first_s[2],
        "cached share": share,
        "cached share, by time": share,
    }


def prompt_of(script: ModelScript, turn: Exchange) -> list[str]:
    """Return the tokens of a chat's prompt."""
    messages = turn.body["messages"]
    assert isinstance(messages, list)
    said = tuple(Message(role=one["role"], content=one["content"]) for one in messages)
    return prompt_tokens(script, GenerateJob(messages=said))


def _undisturbed_s(sent: Sequence[Streamed | None], script: ModelScript) -> list[float]:
    """Return the times to the first token of the trials that no other request held up: the model's own."""
    firsts_s = [trial.first_content_s for trial in sent if trial]
    longest_own_s = min(firsts_s, default=0.0) + QUEUED_TOKENS / script.decode_tps
    return [first_s for first_s in firsts_s if first_s <= longest_own_s]


def _decode_rates(records: Sequence[StreamRecord], sent: Sequence[Streamed | None]) -> Iterator[float]:
    """Yield tokens per second between the first content chunk and the last, as sent."""
    for record, true in zip(records, sent, strict=True):
        tokens = metrics.output_tokens(record)
        if true is not None and tokens is not None and true.window_s:
            yield (tokens - 1 - (record.done_reason == "stop")) / true.window_s


def rows_of(scenario: Scenario, runs: Sequence[tuple[Result, Sequence[Exchange]]]) -> list[Row]:
    """Return a scenario's figures, each from the run with the median error; one run that breaks a promise wins."""
    rows: dict[Figure, list[Row]] = {}
    for result, tape in runs:
        true, got = truths(scenario, result, tape), figures_of(result)
        for figure in asked_of(scenario):
            rows.setdefault(figure, []).append(Row(figure, true[figure], got[figure]))
    return [_typical(of_figure) for of_figure in rows.values()]


def _typical(rows: Sequence[Row]) -> Row:
    broken = [row for row in rows if row.error is None and not row.is_met]
    return (broken or sorted(rows, key=lambda row: row.error or 0.0))[0 if broken else (len(rows) - 1) // 2]


def caveats_of(scenario: Scenario, results: Sequence[Result]) -> tuple[str, bool]:
    """Return the caveats in words, and whether they are the expected ones in most of the runs."""
    found = [frozenset(caveat.kind for caveat in result.caveats) for result in results]
    usual = statistics.mode(found)
    statuses = {result.status for result in results}
    reasons = {result.reason or "" for result in results}
    if scenario.fails:
        is_right = statuses == {"failed"} and all(scenario.fails in reason for reason in reasons)
        return f"failed: {'; '.join(sorted(reasons))}" if statuses == {"failed"} else "not failed", is_right
    said = ", ".join(sorted(usual)) or "no caveat"
    is_right = scenario.expects(usual) and statuses == {"ok"}
    wanted = "" if is_right else f" (wanted: {', '.join(sorted(scenario.caveats)) or 'no caveat'})"
    return said + wanted + "; ".join(sorted(reasons)), is_right


def shown(figure: Figure, value: float | None) -> str:
    if value is None:
        return "none"
    if figure in IN_SECONDS:
        return f"{value * 1e3:.2f} ms"
    form = FORMS.get(figure, "{:.2f} t/s")
    return form.format(value / 1e9 if "GB" in form else value)


def compared(row: Row, reasons: str) -> str:
    """Return truth, ours and the error of a figure; of one that is missing the reasons, and whether that is right."""
    if row.ours is None:
        return f"{shown(row.figure, row.truth):>12}{'none':>14}  {'as it must' if row.is_met else 'MISS'}: {reasons}"
    verdict = "" if row.is_met else "   MISS"
    return f"{shown(row.figure, row.truth):>12}{shown(row.figure, row.ours):>14}{shown_error(row):>12}{verdict}"


def shown_error(row: Row) -> str:
    if row.error is None:
        return "–"
    return f"{row.error * 1e3:+.2f} ms" if row.figure in IN_SECONDS else f"{row.error:+.2%}"


async def fleet_of(scenarios: Sequence[Scenario], folder: Path) -> asyncio.subprocess.Process:
    """Start a process that serves a taped host for each scenario."""
    hosts = tuple(msgspec.structs.replace(scenario.script, is_taped=True) for scenario in scenarios)
    script = folder / "fleet.json"
    script.write_bytes(msgspec.json.encode(FleetScript(hosts=hosts)))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fake_ollama", "--script", str(script), "--tape", str(folder / "tape.json")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )


async def runs_of(scenarios: Sequence[Scenario]) -> list[tuple[Result, list[Exchange]]]:
    """Measure every scenario once, and return the results with what went over the wire."""
    with tempfile.TemporaryDirectory() as folder:
        server = await fleet_of(scenarios, Path(folder))
        assert server.stdin is not None
        assert server.stdout is not None
        urls = json.loads(await server.stdout.readline())["urls"]
        results = [await measured(scenario, url) for scenario, url in zip(scenarios, urls, strict=True)]
        server.stdin.close()
        await server.wait()
        tapes = msgspec.json.decode((Path(folder) / "tape.json").read_bytes(), type=list[list[Exchange]])
    return list(zip(results, tapes, strict=True))


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each figure: median and worst error, and how many are within the bound."""
    for figure, bound in WANTED.items():
        of_figure = [row for row in rows if row.figure == figure]
        given = sorted((row for row in of_figure if row.error is not None), key=lambda row: abs(row.error or 0.0))
        met = sum(row.is_met for row in of_figure)
        limit = f"{bound * 1e3:g} ms" if figure in IN_SECONDS else f"{bound:.0%}" if bound > 1e-6 else "0"
        if not given:
            continue
        middle, worst = given[len(given) // 2], given[-1]
        yield (
            f"{figure:<18} median {shown_error(middle):>10}  worst {shown_error(worst):>10}  wanted ≤ {limit:<5} "
            f"{met} of {len(of_figure)} met ({len(of_figure) - len(given)} of them without a figure)"
        )


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="measure each scenario N times (default: 1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the scenarios whose name holds TEXT")
    arguments = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if arguments.only in scenario.name]
    rounds = [await runs_of(chosen) for _ in range(arguments.repeat)]
    everything: list[Row] = []
    as_expected = 0
    print(f"{'scenario':<34}{'figure':<18}{'truth':>12}{'ours':>14}{'error':>12}")
    for scenario, *runs in zip(chosen, *rounds, strict=True):
        said, is_right = caveats_of(scenario, [result for result, _ in runs])
        as_expected += is_right
        print(f"{scenario.name:<34}{'' if is_right else 'MISS '}{said}")
        rows = rows_of(scenario, runs)
        everything += rows
        if not scenario.fails:
            for row in rows:
                print(f"{'':<34}{row.figure:<18}{compared(row, said)}")
    print(f"\n{len(chosen)} scenarios, each measured {arguments.repeat} times")
    for line in summary(everything):
        print(line)
    print(f"caveats and failures as expected in {as_expected} of {len(chosen)} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
