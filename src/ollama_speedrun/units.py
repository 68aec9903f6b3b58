"""The only place where one unit becomes another. Durations are integers of nanoseconds until a person reads them."""

NS_PER_S = 1_000_000_000
GB = 1_000_000_000
GIB = 1024**3


def seconds(duration_ns: int) -> float:
    """Nanoseconds to seconds."""
    return duration_ns / NS_PER_S


def nanoseconds(duration_s: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(duration_s * NS_PER_S)


def per_second(count: float, duration_ns: int) -> float | None:
    """`count` per second over a duration; None where the duration is not positive, for no rate exists there."""
    if duration_ns <= 0:
        return None
    return count * NS_PER_S / duration_ns


def gigabytes(size_bytes: int) -> float:
    """Bytes to GB (10⁹), which is what `ollama list` prints and what the memory tiers are cut by."""
    return size_bytes / GB
