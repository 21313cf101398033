"""What a run met, so that a blind run is seen."""

import re
from collections import Counter
from dataclasses import dataclass, field

from tests.interference.people import Asker
from tests.interference.questions import Question
from tests.interference.twin import Twin
from tests.interference.wire import Answer

_CODE = re.compile(rb'"code":"([A-Z_]{4,})"')
_COUNTERS = ("labels", "ways", "statuses", "codes", "hidden", "standings")


@dataclass(slots=True)
class Tally:
    """
    What a run met.

    Attributes:
        requests: Pairs that were compared.
        bytes: Of the answers of one hub.
        labels, ways, statuses, codes: What was asked and how, what came; how often.
        hidden: (kind of asker, purpose, coordinate or what else) that was changed unseen, how often.
        standings: Who asked.
    """

    requests: int = 0
    bytes: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    hidden: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    standings: Counter[str] = field(default_factory=Counter)

    def meet(self, asker: Asker, twin: Twin) -> None:
        """Count what is hidden from *asker*."""
        self.standings[asker.name] += 1
        for change in twin.changes:
            self.hidden[asker.kind, asker.purpose, change.what] += 1

    def count(self, question: Question, answer: Answer) -> None:
        """Count a pair of equal answers."""
        self.requests += 1
        self.bytes += len(answer.head) + len(answer.body)
        self.labels[question.label] += 1
        self.ways[question.way] += 1
        self.statuses[answer.status] += 1
        self.codes.update({code.decode() for code in _CODE.findall(answer.body)})

    def add(self, other: "Tally") -> None:
        """Add what another run met."""
        self.requests += other.requests
        self.bytes += other.bytes
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))

    @property
    def coordinates(self) -> set[str]:
        """Coordinates of records that were changed unseen by somebody."""
        return {what for _, _, what in self.hidden if what[0].isupper()}

    def __str__(self) -> str:
        """Tell it in a few lines."""
        lines = (
            f"{self.requests} pairs, {self.bytes // max(1, self.requests)} bytes each, {len(self.standings)} standings",
            f"hidden: {sum(self.hidden.values())} changes of {len(self.coordinates)} coordinates",
            f"hidden: {len(self.hidden)} of kind of asker x purpose x what",
            f"ways: {dict(self.ways.most_common())}",
            f"statuses: {dict(self.statuses.most_common())}",
            f"codes: {dict(self.codes.most_common())}",
            f"asked: {dict(self.labels.most_common())}",
        )
        return "\n".join(lines)
