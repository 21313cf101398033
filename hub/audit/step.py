"""One step of the log: the tree with a group of entries added, the rows that keep it, the receipts that prove it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.audit.entries import Pending, Sealed
from hub.audit.receipts import Receipt
from hub.audit.statements import Statements
from keys.checkpoints import Checkpoint, sign_checkpoint
from keys.merkle import Frontier, Node, inclusion_proof
from keys.notes import Signer
from keys.proofs import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A sealed entry and what came with it."""

    pending: Pending
    sealed: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    The log taken forward by one group.

    Attributes:
        fresh: The group's entries.
        first: Index of the first of them.
        head: The log with them.
        note: The signed head.
        nodes: The old peaks and every node the group completed, leaves included: all that its proofs are made from.
    """

    fresh: Sequence[Waiting]
    first: int
    head: Checkpoint
    note: str
    nodes: Mapping[Node, bytes]

    @staticmethod
    def of(tree: Frontier, fresh: Sequence[Waiting], signer: Signer) -> "Step":
        """Append *fresh* to *tree* and sign the head."""
        first, nodes = tree.size, dict(tree.peaks)
        for waiting in fresh:
            nodes.update(tree.append(waiting.sealed.leaf_hash))
        head = Checkpoint(origin=signer.name, size=tree.size, root=tree.root())
        return Step(fresh=fresh, first=first, head=head, note=sign_checkpoint(head, signer), nodes=nodes)

    def write(self, connection: Connection, statements: Statements, at: str) -> None:
        """Write all rows of the group."""
        entries, openings, deliveries = [], [], []
        for index, waiting in enumerate(self.fresh, self.first):
            sealed = waiting.sealed
            entries.append(
                {
                    "index": index,
                    "kind": sealed.kind,
                    "leaf": sealed.leaf,
                    "leaf_hash": sealed.leaf_hash,
                    "appended_at": at,
                }
            )
            openings.append({"index": index, "opening": sealed.packed_opening()})
            deliveries += [
                {
                    "subject_code": row.subject_code,
                    "log_index": index,
                    "partner": row.partner,
                    "purpose": row.purpose,
                    "versions": row.packed_versions(),
                    "delivered_at": at,
                }
                for row in waiting.pending.deliveries
            ]
        made = [
            {"level": level, "index": index, "hash": value}
            for (level, index), value in self.nodes.items()
            if level and (index + 1) << level > self.first
        ]
        head = {"size": self.head.size, "root": self.head.root, "note": self.note, "signed_at": at}
        for statement, rows in (
            (statements.entry, entries),
            (statements.opening, openings),
            (statements.delivery, deliveries),
            (statements.node, made),
            (statements.checkpoint, [head]),
        ):
            if rows:
                connection.exec_driver_sql(statement, rows)

    def receipts(self) -> Iterator[Receipt]:
        """Make the receipts of the group, in order."""
        for index, waiting in enumerate(self.fresh, self.first):
            path = inclusion_proof(index, self.head.size, self.nodes.__getitem__)
            yield Receipt(
                index=index,
                size=self.head.size,
                origin=self.head.origin,
                kind=waiting.sealed.kind,
                proof=Proof(index=index, path=path, checkpoint=self.note).text(),
                opening=waiting.sealed.opening,
            )
