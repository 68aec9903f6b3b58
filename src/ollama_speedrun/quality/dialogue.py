"""What to send to a model next: the one turn of most items, or the turns of a simulated world."""

from collections.abc import Sequence

from .items import Answer, Draft, Message, WorldKey
from .worlds import replay


def next_messages(item: Draft, answers: Sequence[Answer]) -> tuple[Message, ...] | None:
    """Return the whole conversation to send next, given the answers so far; None when it is over."""
    if not answers:
        return item.messages
    if not isinstance(item.key, WorldKey) or len(answers) >= item.key.most_turns or not answers[-1].tool_calls:
        return None
    return item.messages + replay.turns(item.key, answers)
