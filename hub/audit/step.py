"""One step of the log: the tree with a group of entries added, the signed head over it, the receipts that prove it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.audit.entries import DeliveryRow, Pending, Terms
from hub.audit.receipts import Receipt
from hub.audit.sealing import Sealed
from keys.checkpoints import Checkpoint, sign_checkpoint
from keys.growth import Growth
from keys.merkle import Frontier
from keys.notes import Signer
from keys.proofs import proof_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A sealed entry and what came with it; or terms that come alone, with nothing to keep."""

    pending: Terms
    sealed: Sealed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    The log taken forward by one group.

    Attributes:
        fresh: The group's entries, sealed, one or more.
        deliveries: Index of its entry and the row, of all in the group.
        growth: The tree with them.
        note: The signed head.
        at: Instant of the group, as `hub.clock.iso` writes it.
    """

    fresh: Sequence[Sealed]
    deliveries: Sequence[tuple[int, DeliveryRow]]
    growth: Growth
    note: str
    at: str

    @staticmethod
    def of(tree: Frontier, fresh: Sequence[Waiting], signer: Signer, at: str) -> "Step":
        """Grow *tree* by the entries in *fresh*, one or more, and sign the head; terms that come alone are left out."""
        entries = [(waiting.pending, waiting.sealed) for waiting in fresh if waiting.sealed is not None]
        growth = Growth(tree, [sealed.leaf_hash for _, sealed in entries])
        head = Checkpoint(origin=signer.name, size=growth.size, root=growth.root)
        return Step(
            fresh=[sealed for _, sealed in entries],
            deliveries=[
                (index, row)
                for index, (pending, _) in enumerate(entries, growth.first)
                if isinstance(pending, Pending)
                for row in pending.deliveries
            ],
            growth=growth,
            note=sign_checkpoint(head, signer),
            at=at,
        )

    def receipts(self, origin: str, used: Iterable[tuple[int, ...]]) -> Iterator[Receipt]:
        """Make the receipts of the group, in order, from the log *origin*; *used* is what each tells of budgets."""
        proofs = proof_texts(self.growth, self.note)
        for index, (sealed, proof, levels) in enumerate(zip(self.fresh, proofs, used, strict=True), self.growth.first):
            yield Receipt(
                index=index,
                size=self.growth.size,
                origin=origin,
                kind=sealed.kind,
                proof=proof,
                opening=sealed.opening,
                used=levels,
            )
