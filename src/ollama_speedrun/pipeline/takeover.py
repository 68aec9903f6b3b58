"""Taking over what is known of a host's models, once a spot check says that the host is as it was."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeAlias

from ..benchmark.events import BenchmarkEnded
from ..benchmark.spot_check import SpotCheck
from ..benchmark.turns import Thinks
from ..discovery.types import Host
from ..events import Notice
from ..inventory.types import Model
from ..quality.events import NextTokensRead, QualityBegan
from ..quality.records import ItemRecord
from ..results.known import Known
from .examiner import Examiner
from .knowledge import Knowledge, Taken, answers_otherwise, in_words, is_fresh, to_check
from .rounds import Task, VisitAgain

Told: TypeAlias = BenchmarkEnded | QualityBegan | NextTokensRead | Notice


class Takeover:
    """Takes results over from earlier runs, host by host.

    A host is checked with one trial and ten items of one model. Where these come out otherwise, or cannot be had, all
    of its models are measured; so they are where no model generates text. `may_begin` tells if there is time to check.
    """

    def __init__(  # noqa: PLR0913 - independent inputs, named at the call
        self,
        knowledge: Knowledge,
        *,
        examined: Examiner | None,
        trial_tokens: int,
        visit_again: VisitAgain,
        may_begin: Callable[[Model], bool],
        tell: Callable[[Told], None],
    ) -> None:
        self._knowledge = knowledge
        self._examined = examined
        self._trial_tokens = trial_tokens
        self._visit_again = visit_again
        self._may_begin = may_begin
        self._tell = tell

    async def take(self, host: Host, models: Sequence[Model]) -> Sequence[Model]:
        """Tell the results that are taken over, and return the models that are left to measure."""
        taken = self._knowledge.whole(models)
        if not taken:
            return models
        why_not = None if is_fresh(taken) else await self._why_not(host, models, taken)
        if why_not is not None:
            self._knowledge.forget(host)
            self._tell(Notice(f"{host.url}: {why_not}; all of its models are measured again"))
            return models
        self._tell(Notice(f"{host.url}: {in_words(taken)}"))
        for model in models:
            for thinks, known in taken.get(model.name, ()):
                self._take_over(model, thinks, known)
        return self._knowledge.left(models)

    def _take_over(self, model: Model, thinks: Thinks, known: Known) -> None:
        if self._examined is not None and known.record is not None:
            self._examined.take_over(model, thinks, known)
            self._tell(QualityBegan(known.record, 0))
        if self._examined is not None and known.next_tokens is not None:
            self._tell(NextTokensRead(known.next_tokens))
        self._tell(BenchmarkEnded(known.result))

    async def _why_not(self, host: Host, models: Sequence[Model], taken: Mapping[str, Taken]) -> str | None:
        """Check a host with one of its models; returns what is otherwise, None where nothing is."""
        chosen = to_check(models, taken)
        if chosen is None:
            return "no model of it can be checked"
        model, thinks, known = chosen
        if not self._may_begin(model):
            return None
        check = SpotCheck(known.result, trial_tokens=self._trial_tokens)
        answers: list[ItemRecord] = []
        asked = () if self._examined is None else self._examined.check(model, known.record, answers.append)
        await self._visit_again(host.url, _once((model, thinks, [check, *asked])))
        if not check.is_done:
            return f"{model.name} could not be checked"
        return check.change or answers_otherwise(known, answers)


async def _once(task: Task) -> AsyncIterator[Task]:
    yield task
