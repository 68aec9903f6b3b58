"""Numbers with their nouns, and names in a row, as a sentence has them. Pure."""

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is plural where the number is not 1: 1 model, 2 models, 3 addresses."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def joined(parts: Sequence[str]) -> str:
    """Return parts as a sentence has them: "a", "a and b", "a, b and c"; empty for none."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
