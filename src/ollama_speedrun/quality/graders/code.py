"""Model-written code: a function or a regular expression, run in the sandbox on hidden inputs, compared on the host."""

import json
import math
import re
import textwrap
from typing import TYPE_CHECKING, assert_never

from ..extract import fenced, shown
from ..items import FunctionKey, Grade, RegexKey
from ..outcomes import Broken, Lacking, Raised, Returned, Stopped
from .json_value import JsonValue, alike, difference

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_START = re.compile(r"(?m)^(?:from |import |def |class |@|async def )")
_TOP_LEVEL = ("def ", "class ", "from ", "import ", "@", "#", ")", "]", "}", "async def ", '"""', "'''")
_SPAN = re.compile(r"(?<!`)`([^`\n]{1,2000})`(?!`)")
_LITERAL = re.compile(r"""\Ar(["'])(.*)\1\Z""", re.DOTALL)
_SLASHES = re.compile(r"\A/(.+)/\Z", re.DOTALL)
_LABEL = re.compile(r"\A(?:regular expression|regex|pattern|answer)[ \t]{0,3}(?:is[ \t]{0,3}:?|:)[ \t]*", re.IGNORECASE)


def grade_function(key: FunctionKey, text: str, sandbox: "Sandbox | None") -> Grade:
    """Grade a function by what it returns; strict where the answer is nothing but code, in one fence at most."""
    code, strict = code_in(text, key.name)
    if not code:
        return Grade(score=0.0, strict=0.0, extracted=shown(text), why=f"defines no function {shown(key.name, 60)}")
    if sandbox is None:
        return _ungradable(code, "model-written code runs in the sandbox only, which is missing here")
    cases = [(json.loads(arguments), json.loads(wanted)) for arguments, wanted in key.cases]
    outcomes = sandbox.call(code, key.name, [arguments for arguments, _ in cases])
    for (arguments, wanted), outcome in zip(cases, outcomes, strict=False):
        match outcome:
            case Returned(value):
                if difference(wanted, value, alike=_close) is not None:
                    return _wrong(code, f"{_call(key.name, arguments)} returned {_short(value)}, not {_short(wanted)}")
            case Raised() | Stopped() | Lacking() | Broken():
                return _failed(code, outcome, _call(key.name, arguments))
            case _:
                assert_never(outcome)
    if len(outcomes) < len(cases):
        return _wrong(code, "stopped before the last case")
    return Grade(score=1.0, strict=float(strict), extracted=shown(code), why=f"right in all {len(cases)} cases")


def grade_regex(key: RegexKey, text: str, sandbox: "Sandbox | None") -> Grade:
    """Grade a regular expression by what it matches in full; strict where the answer is nothing else."""
    pattern = pattern_in(text)
    if not pattern:
        return Grade(score=0.0, strict=0.0, extracted="", why="the answer holds no pattern")
    if sandbox is None:
        return _ungradable(pattern, "model-written patterns run in the sandbox only, which is missing here")
    texts = (*key.match, *key.reject)
    outcomes = sandbox.fullmatches(pattern, texts)
    for place, (subject, outcome) in enumerate(zip(texts, outcomes, strict=False)):
        match outcome:
            case Returned(value):
                if value is not (place < len(key.match)):
                    does = "matches" if value else "does not match"
                    return _wrong(pattern, f"the pattern {does} {shown(repr(subject), 60)}")
            case Raised() | Stopped() | Lacking() | Broken():
                return _failed(pattern, outcome, "the pattern")
            case _:
                assert_never(outcome)
    if len(outcomes) < len(texts):
        return _wrong(pattern, "stopped before the last text")
    return Grade(
        score=1.0,
        strict=float(text.strip() == pattern),
        extracted=shown(pattern),
        why=f"right on all {len(texts)} texts",
    )


def code_in(text: str, name: str) -> tuple[str, bool]:
    """Return the code that defines the function, and whether the answer is nothing else; empty where there is none.

    It is the last fence that defines the function, else what starts at the first line of code outside of any fence.
    """
    defines = re.compile(rf"(?m)^[ \t]*(?:async[ ])?def[ \t]+{re.escape(name)}[ \t]*\(")
    blocks = [block for block in fenced(text) if defines.search(block)]
    if blocks:
        stripped = text.strip()
        alone = (
            len(fenced(text)) == 1
            and stripped.startswith("```")
            and (stripped.endswith("```") or "```" not in stripped[3:])
        )
        return textwrap.dedent(blocks[-1]), alone
    start = _START.search(text)
    if start is None or not defines.search(text, start.start()):
        return "", False
    kept = _code_lines(text[start.start() :].splitlines())
    code = "\n".join(kept).rstrip()
    return (code, code == text.strip()) if defines.search(code) else ("", False)


def _code_lines(lines: list[str]) -> list[str]:
    """Return the lines up to the first that stands at the margin and is no statement, such as an explanation below."""
    kept: list[str] = []
    for line in lines:
        if (
            line[:1].strip()
            and not line.startswith(_TOP_LEVEL)
            and not re.match(r"[A-Za-z_]\w*(?:: ?[\w\[\], ]+)? = ", line)
        ):
            break
        kept.append(line)
    return kept


def pattern_in(text: str) -> str:
    """Return the regular expression that the answer gives: its last fence or code span, else its first line."""
    blocks = [block.strip() for block in fenced(text) if block.strip()]
    spans = _SPAN.findall(text)
    if blocks:
        pattern = blocks[-1].splitlines()[0].strip()
    elif spans:
        pattern = spans[-1].strip()
    else:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        pattern = next((line for line in lines if not line.endswith(":")), "")
        pattern = _LABEL.sub("", pattern)
    for wrapping, group in ((_LITERAL, 2), (_SLASHES, 1)):
        if found := wrapping.match(pattern):
            pattern = found[group]
    if len(pattern) > 1 and pattern[0] == pattern[-1] and pattern[0] in "\"'":
        pattern = pattern[1:-1]
    return pattern


def _close(wanted: JsonValue, value: JsonValue) -> bool:
    """Whether two scalars are equal; floating-point numbers to nine digits."""
    if type(wanted) is float and type(value) in (int, float):
        return math.isclose(wanted, float(str(value)), rel_tol=1e-9, abs_tol=1e-12)
    if type(wanted) is str:
        return type(value) is str and wanted == value
    return alike(wanted, value)


def _call(name: str, arguments: list[JsonValue]) -> str:
    return f"{name}({', '.join(_short(argument) for argument in arguments)})"


def _short(value: JsonValue) -> str:
    return shown(json.dumps(value, ensure_ascii=False), 50)


def _wrong(said: str, why: str) -> Grade:
    return Grade(score=0.0, strict=0.0, extracted=shown(said), why=why)


def _ungradable(said: str, why: str) -> Grade:
    return Grade(score=0.0, strict=0.0, extracted=shown(said), why=why, status="ungradable")


def _failed(said: str, outcome: Raised | Stopped | Lacking | Broken, what: str) -> Grade:
    """Return the grade of code that gave no value."""
    match outcome:
        case Raised(why):
            return _wrong(said, f"{what}: {why}")
        case Stopped(why):
            return _wrong(said, f"{what}: {why}")
        case Lacking(feature):
            return _ungradable(said, f"the sandbox lacks {feature}")
        case Broken(why):
            return _ungradable(said, f"the sandbox could not run it: {why}")
        case _:
            assert_never(outcome)
