"""What a model's answer says, out of untrusted text: thinking, markup and decoration removed, words and lines found.

Every function accepts any text, never raises, and takes time linear in the text's length. `content_of` bounds the text,
so the rest works on at most `MOST_CHARS` characters.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import msgspec

from ..visit.thoughts import CLOSING_TAG, THINKING_TAGS
from .items import Answer

MOST_CHARS = 32_768
SHOWN_CHARS = 200
WINDOW_WORDS = 14
MOST_BLOCKS = 16

_END_OF_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|end_of_text|endoftext|end|return|call|end_of_turn|eom_id|user|END_RESPONSE)\|>"
    r"|<end_of_turn>|<start_of_turn>|</s>|<\uff5cend\u2581of\u2581sentence\uff5c>"
)
_OTHER_TOKEN = re.compile(
    r"<\|im_start\|>assistant\s|<\|start_header_id\|>assistant<\|end_header_id\|>|<\|start\|>assistant"
    r"|<\|(?:START_RESPONSE|begin_of_text|begin_of_solution|end_of_solution|assistant)\|>"
)
_HARMONY_FINAL = re.compile(r"<\|channel\|>\s{0,3}final[^<>\n]{0,40}(?:<\|constrain\|>[^<>\n]{0,40})?<\|message\|>")
_HARMONY_OTHER = re.compile(r"<\|channel\|>\s{0,3}(?:analysis|commentary)\b")
_HARMONY_BARE = re.compile(r"\A\s{0,20}analysis(?=[A-Z\s]).{0,200000}?assistant\s?final", re.DOTALL)

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_FENCE_LINE = re.compile(r"(?m)^[ \t]*(?:`{3,}|~{3,})[ \t]*[\w+#.-]{0,20}[ \t]*$\n?")
_HTML = re.compile(
    r"</?(?:b|i|u|em|strong|code|pre|p|span|sub|sup|div|answer|final_answer|final|result|output|response)\s{0,3}/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_FRACTION = re.compile(
    r"\\[dtc]?frac\s{0,3}\{\s{0,3}([^{}\\]{1,40}?)\s{0,3}\}\s{0,3}\{\s{0,3}([^{}\\]{1,40}?)\s{0,3}\}"
)
_STYLE = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|texttt|textsf|mathrm|mathbf|mathit|mathsf|mathtt|operatorname|emph"
    r"|underline|displaystyle|left|right|bf|rm|large|Large)(?![a-zA-Z])\s{0,3}"
)
_SYMBOLS = {
    "\\,": "\u202f",
    "\\;": "\u202f",
    "\\:": "\u202f",
    "\\!": "",
    "\\ ": " ",
    "\\%": "%",
    "\\$": "$",
    "\\#": "#",
    "\\&": "&",
    "\\_": "_",
    "\\(": " ",
    "\\)": " ",
    "\\[": " ",
    "\\]": " ",
    "\\{": "{",
    "\\}": "}",
    "\\times": "×",
    "\\cdot": "·",
    "\\div": "÷",
    "\\quad": " ",
    "\\qquad": " ",
}
_COMMAND = re.compile(r"\\(?:[a-zA-Z]{1,20}|[,;:! %$#&_()\[\]{}])")
_HEADING = re.compile(r"(?m)^[ \t]{0,3}#{1,6}[ \t]+")
_BULLET = re.compile(r"(?m)^[ \t]{0,20}(?:[-*+•▪‣]|>)[ \t]+")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\n]{0,300}\)")
_STRONG = re.compile(r"(?<!\d)\*{2,3}|\*{2,3}(?!\s?\d)")
_EMPHASIS = re.compile(r"(?<!\S)\*(?=\S)|(?<=\S)\*(?![\w*])")
_UNDERLINE = re.compile(r"(?<!\w)_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?!\w)|(?<=[.!?])_{1,3}(?!\w)")

_MARKER = re.compile(
    r"(?:\b(?:answer|solution|result|output|ans|antwort|respuesta|réponse|resposta|risposta|antwoord|cevap|ответ"
    r"|відповідь|απάντηση|उत्तर|الإجابة|الجواب)|答案|答え|回答|정답|답)"
    r"[^\S\n]{0,3}(?:(?:is|are|was|would be|should be|ist|es|est|é|è|है|هي|هو|是|は|은|는)(?!\w)[^\S\n]{0,3}[:：]?"
    r"|(?:是|は|은|는)[：:]?|[:：=]|[-=]{1,2}>|→)",
    re.IGNORECASE,
)
_HASHES = re.compile(r"(?m)^#{4}[ \t]*(\S[^\n]*)$")
_POLITE = frozenset(
    {
        "sure",
        "certainly",
        "of",
        "course",
        "ok",
        "okay",
        "absolutely",
        "great",
        "good",
        "question",
        "hello",
        "hi",
        "thing",
    }
    | {
        "here",
        "is",
        "s",
        "the",
        "your",
        "answer",
        "you",
        "are",
        "go",
        "let",
        "me",
        "help",
        "with",
        "that",
        "happy",
        "to",
    }
)

_LETTERS_FOLDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "’": "'", "ʼ": "'"}
)
_FOLDED_RANGES = ((0x41, 0x24F), (0x370, 0x52F), (0x1E00, 0x1FFF))
_UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_ASCII_WORD = re.compile(r"[0-9A-Za-z]+")
_GROUPED = re.compile(r"(?<=\d)[,\u00a0\u2009\u202f](?=\d{3}(?!\d))")


class Content(msgspec.Struct, frozen=True):
    """An answer without its thinking; `truncated` where the output limit or unclosed thinking left none."""

    text: str
    truncated: bool


def content_of(answer: Answer) -> Content:
    """Return what the answer says beside its thinking, with control tokens and invisible characters removed."""
    text, unclosed = _without_thinking(answer.content)
    text = bounded(_INVISIBLE.sub("", text)).strip()
    return Content(text, truncated=not text and (unclosed or answer.done_reason == "length"))


def bounded(text: str) -> str:
    """Return the text, or its beginning and end where it is longer than `MOST_CHARS`."""
    half = MOST_CHARS // 2
    return text if len(text) <= MOST_CHARS else f"{text[:half]}\n…\n{text[-half:]}"


def shown(text: str, most: int = SHOWN_CHARS) -> str:
    """Return the text on one line, without control characters, cut to `most` characters with an ellipsis."""
    line = " ".join(_INVISIBLE.sub("", text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _without_thinking(text: str) -> tuple[str, bool]:
    """Return the text after its thinking, and whether thinking was opened and never closed."""
    text, unclosed = _harmony(text)
    if unclosed:
        return "", True
    thought = False
    for _ in range(MOST_BLOCKS):
        start = text.lstrip()
        tags = next((tags for tags in THINKING_TAGS if start[: len(tags[0])].lower() == tags[0].lower()), None)
        if tags is None:
            break
        closing = re.search(re.escape(tags[1]), text, re.IGNORECASE)
        if closing is None:
            return "", True
        text, thought = text[closing.end() :], True
    text = _OTHER_TOKEN.sub("", _after_stray_closing(text, thought=thought))
    return next((part for part in _END_OF_TURN.split(text) if part.strip()), ""), False


def _after_stray_closing(text: str, *, thought: bool) -> str:
    """Return what follows a closing tag whose opening one stood in the prompt's template."""
    found = next(reversed(list(CLOSING_TAG.finditer(text))), None)
    if found is None:
        return text
    after = text[found.end() :]
    return after if after.strip() or not thought else text[: found.start()]


def _harmony(text: str) -> tuple[str, bool]:
    """Return the final channel of an answer in OpenAI's harmony format, and whether there was only another one."""
    if finals := list(_HARMONY_FINAL.finditer(text)):
        return text[finals[-1].end() :], False
    if _HARMONY_OTHER.search(text):
        return "", True
    if bare := _HARMONY_BARE.match(text):
        return text[bare.end() :], False
    return text, False


def plain(text: str) -> str:
    """Return the text without Markdown, HTML styles and LaTeX; a LaTeX fraction becomes `a/b`."""
    text = _FENCE_LINE.sub("", text)
    text = _BREAK.sub("\n", text)
    text = _HTML.sub("", text)
    text = text.replace("{,}", ",")
    if "\\" in text:
        text = _FRACTION.sub(_slashed, text)
        text = _COMMAND.sub(lambda found: _SYMBOLS.get(found[0], " "), _STYLE.sub("", text))
        text = text.replace("{", "").replace("}", "")
    text = text.replace("$", " ")
    text = _LINK.sub(r"\1", text)
    text = _HEADING.sub("", text)
    text = _BULLET.sub("", text)
    text = _STRONG.sub("", text)
    text = _EMPHASIS.sub("", text)
    text = _UNDERLINE.sub("", text)
    return text.replace("`", "").strip()


def _slashed(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1 : found.start()]
    return f"{' ' if before.isalnum() else ''}{found[1]}/{found[2]}"


def fold_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0–9, and every kind of minus as `-`."""
    if text.isascii():
        return text
    return "".join(_ascii_digit(char) for char in text)


def _ascii_digit(char: str) -> str:
    if char < "\x80":
        return char
    if (value := unicodedata.decimal(char, None)) is not None:
        return str(value)
    return {
        "−": "-",
        "–": "-",
        "﹣": "-",
        "－": "-",
        "＋": "+",
        "．": ".",
        "，": ",",
        "٫": ".",
        "٬": ",",
        "＝": "=",
    }.get(char, char)


def fold(text: str) -> str:
    """Return the text in lower case, with ASCII digits, and without diacritics in Latin, Greek and Cyrillic."""
    text = fold_digits(text).casefold().translate(_LETTERS_FOLDED)
    if text.isascii():
        return text
    kept: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            if _within(base, _FOLDED_RANGES):
                continue
        else:
            base = char
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS_FOLDED)


def _within(char: str, ranges: Sequence[tuple[int, int]]) -> bool:
    return bool(char) and ord(char) >= ranges[0][0] and any(low <= ord(char) <= high for low, high in ranges)


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text: letters, digits and marks, without punctuation.

    Scripts that put no blanks between words (Han, kana, Thai, Khmer …) give one word for each letter with its marks.
    """
    folded = _GROUPED.sub("", fold(text))
    return tuple(_ASCII_WORD.findall(folded)) if folded.isascii() else tuple(_words(folded))


def _words(folded: str) -> Iterator[str]:
    word: list[str] = []
    single = False
    for char in folded:
        kind = unicodedata.category(char)[0]
        if kind in "LN":
            unspaced = _within(char, _UNSPACED_RANGES)
            if word and (unspaced or single):
                yield "".join(word)
                word = []
            word.append(char)
            single = unspaced
        elif kind == "M" and word:
            word.append(char)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def window(found: Sequence[str], most: int = WINDOW_WORDS) -> tuple[str, ...]:
    """Return the first `most` words; a letter of a script without blanks counts as half a word."""
    left = 2 * most
    kept: list[str] = []
    for word in found:
        left -= 1 if _within(word[0], _UNSPACED_RANGES) else 2
        if left < 0:
            break
        kept.append(word)
    return tuple(kept)


def first_line(text: str) -> str:
    """Return the first line that says something: neither empty, nor polite words alone, nor an announcement (`…:`)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        said = words(line[:400])
        last = place == len(lines) - 1
        if last or (said and not _POLITE.issuperset(said) and not line.endswith((":", "："))):
            return line
    return ""


def explicit_answers(text: str) -> tuple[str, ...]:
    r"""Return what the text marks as its answer, in order of trust: `\boxed{X}`, `<answer>X`, `Answer: X`, `#### X`.

    Of several marks of one kind the last counts as most trusted; each is one line without markup.
    """
    found: list[str] = []
    if (boxed := _boxed(text)) is not None:
        found.append(boxed)
    _, tag, tagged = text.rpartition("<answer>")
    if tag:
        found.append(_one_line(tagged.partition("</answer>")[0]))
    clean = plain(text)
    marks = [mark.end() for mark in _MARKER.finditer(clean)]
    found += [_one_line(clean[end : end + 2000]) for end in reversed(marks[-8:])]
    found += [_one_line(hashes[1]) for hashes in _HASHES.finditer(text)][-1:]
    return tuple(line for line in found if line)


def _one_line(text: str) -> str:
    return next((line.strip() for line in plain(text).splitlines() if line.strip()), "")


def _boxed(text: str) -> str | None:
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    inside = text[text.index("{", start) + 1 :][:500]
    depth = 1
    for place, char in enumerate(inside):
        depth += (char == "{") - (char == "}")
        if not depth:
            return _one_line(inside[:place])
    return _one_line(inside)


def fenced(text: str) -> tuple[str, ...]:
    """Return the contents of the text's code fences; one that is not closed runs to the end."""
    blocks: list[str] = []
    lines: list[str] | None = None
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")) and not (lines is None and line.rstrip().endswith("```", 6)):
            if lines is None:
                lines = []
            else:
                blocks.append("\n".join(lines))
                lines = None
        elif lines is not None:
            lines.append(line)
    if lines is not None:
        blocks.append("\n".join(lines))
    return tuple(blocks)


def ends_in_loop(text: str) -> bool:
    """Whether the text ends in one stretch of up to 300 characters, at least four times or over 400 characters.

    At least 60 characters must repeat, so that a short list of equal values is none; the stretch has a letter or digit.
    """
    tail = text.rstrip()[-1600:]
    for length in range(1, 301):
        if len(tail) < max(60, 3 * length):
            break
        unit = tail[-length:]
        if not tail.endswith(unit * 2) or not any(char.isalnum() for char in unit):
            continue
        covered = length
        while covered < len(tail) and tail[-covered - 1] == tail[-covered - 1 + length]:
            covered += 1
        if covered >= max(60, min(4 * length, max(400, 3 * length))):
            return True
    return False
