"""
What becomes of each entry of a group: compared with what the store told and took within the log's turn.

Rules:
    - Entries are weighed in their order, each by itself: the rest of the group does not notice one that is refused.
    - What an entry needs is taken for the whole group first, by one statement, and what was taken for an entry that is
      refused is given back before the turn ends. So nothing is used up by an answer that has to be made again.
    - Changes come first: an entry made from what has changed is stale, whatever else is wrong with it.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hub.audit.book import Account, Causes, Wants
from hub.audit.entries import Terms
from hub.audit.errors import OverBudgetError, ReplayedError, StaleReadError
from hub.audit.step import Waiting

Refusal: TypeAlias = StaleReadError | ReplayedError | OverBudgetError
_UNUSED: tuple[int, ...] = ()


def wants_of(group: Sequence[Waiting]) -> Wants:
    """Say what must be read and taken for *group*."""
    terms = [waiting.pending for waiting in group]
    codes = {code for each in terms for code in each.reads}
    spend: dict[Account, tuple[int, float]] = {}
    for each in terms:
        for part in each.spend:
            account = (part.asker, part.span)
            spend[account] = (spend.get(account, (0, 0.0))[0] + part.amount, part.until)
    return Wants(
        codes=list(codes),
        epochs=any(each.epochs for each in terms),
        once={each.once: each.once_until for each in terms if each.once is not None},
        spend=spend,
    )


class Tally:
    """
    What becomes of one group, in parts as they join.

    Attributes:
        refused: Place in the group -> why nothing of it is kept.
        taken: Rows that were taken in the store.
    """

    def __init__(self) -> None:
        self.refused: dict[int, Refusal] = {}
        self.taken = 0
        self._used: dict[int, tuple[int, ...]] = {}
        self._weighed = 0
        # Taken in the store and used by no entry that is kept, so far.
        self._digests: set[bytes] = set()
        self._spare: dict[Account, int] = {}
        self._levels: dict[Account, int] = {}

    def weigh(self, wants: Wants, causes: Causes, group: Sequence[Waiting]) -> None:
        """Weigh *group*, for which *wants* was asked and *causes* was told."""
        self.taken += len(causes.taken) + len(causes.used)
        self._digests |= causes.taken
        for account, used in causes.used.items():
            claim = wants.spend[account][0]
            # Told with the claims of all that were weighed before, which `_levels` knows better.
            self._levels.setdefault(account, used - claim)
            self._spare[account] = self._spare.get(account, 0) + claim
        for place, waiting in enumerate(group, self._weighed):
            terms = waiting.pending
            refusal: Refusal | None = _stale(causes, terms)
            if refusal is None and (terms.once is not None or terms.spend):
                refusal = self._use(place, terms)
            if refusal is not None:
                self.refused[place] = refusal
        self._weighed += len(group)

    def used(self, place: int) -> tuple[int, ...]:
        """Tell what is used of each budget after the entry at *place*, in the order of its `spend`."""
        return self._used.get(place, _UNUSED)

    def spare(self) -> tuple[list[bytes], Mapping[Account, int]]:
        """Tell what to give back: digests, and amounts by budget."""
        return list(self._digests), {account: amount for account, amount in self._spare.items() if amount}

    def _use(self, place: int, terms: Terms) -> Refusal | None:
        """Use what *terms* asks for, all or nothing."""
        if terms.once is not None and terms.once not in self._digests:
            return ReplayedError("what may be shown once was shown before")
        for part in terms.spend:
            used = self._levels[part.asker, part.span]
            if part.amount and used + part.amount > part.limit:
                return OverBudgetError(span=part.span, limit=part.limit, used=used, free_at=part.until)
        if terms.once is not None:
            self._digests.discard(terms.once)
        for part in terms.spend:
            self._levels[part.asker, part.span] += part.amount
            self._spare[part.asker, part.span] -= part.amount
        if terms.spend:
            self._used[place] = tuple(self._levels[part.asker, part.span] for part in terms.spend)
        return None


def _stale(stored: Causes, terms: Terms) -> StaleReadError | None:
    """Name the subjects and epochs that changed since *terms* read them."""
    codes = [code for code, read in terms.reads.items() if stored.versions.get(code, 0) != read]
    changed = _changed(stored.epochs, terms.epochs) if terms.epochs else {}
    return StaleReadError(tuple(sorted(codes)), changed) if codes or changed else None


def _changed(now: Mapping[str, int], read: Mapping[str, int]) -> dict[str, int]:
    return {name: now.get(name, 0) for name, version in read.items() if now.get(name) != version}
