"""What the hub remembers of an answer once it is durable: the question, for replays, and the grants that were used."""

from dataclasses import dataclass

from hub.administration.grants import Grants
from hub.administration.questions import Asked as Kept
from hub.administration.questions import Questions
from hub.audit.receipts import Receipt
from hub.clock import iso, legal_day
from hub.road.attest import Asked


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Notes in memory what is written later: nobody's answer waits for it."""

    questions: Questions
    grants: Grants

    def note(self, asked: Asked, receipt: Receipt, used: frozenset[str]) -> None:
        """Note that *asked* has the entry of *receipt*, and that the grants *used* took part in its answer."""
        if used:
            self.grants.note_used(used, legal_day(asked.at))
        if self.questions.days == 0:
            return
        name = asked.prepared.operation.name
        self.questions.note(
            Kept(
                log_index=receipt.index,
                at=iso(asked.at),
                digest=asked.prepared.digest,
                text=asked.document,
                operation=name.value if name else None,
                variables=asked.prepared.raw,
                partner=asked.caller.partner,
                purpose=asked.standing.purpose,
                context=asked.standing.context,
            )
        )
