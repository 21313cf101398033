"""The record kinds of the exchange, each described once: `KINDS` is the catalogue, in the order readers see it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schema.catalogue.arrears import Arrears
from schema.catalogue.commitment import Commitment
from schema.catalogue.grade import Grade
from schema.catalogue.licence import Licence
from schema.catalogue.list_entry import ListEntry
from schema.catalogue.model import Record
from schema.catalogue.penalty import Penalty
from schema.catalogue.performance import Performance
from schema.catalogue.registration import Registration
from schema.catalogue.supplier_sanction import SupplierSanction

__all__ = [
    "CATALOGUE_VERSION",
    "KINDS",
    "Arrears",
    "Commitment",
    "Grade",
    "Licence",
    "ListEntry",
    "Penalty",
    "Performance",
    "Registration",
    "SupplierSanction",
    "UnknownKindError",
    "kind_named",
]

CATALOGUE_VERSION: Final = "2026.11"
"""Version of this catalogue: year and month of its last change. Stored with every record checked under it."""

KINDS: Final[Mapping[str, type[Record]]] = MappingProxyType(
    {
        kind.KIND: kind
        for kind in (
            Registration,
            Licence,
            Penalty,
            ListEntry,
            Grade,
            Commitment,
            SupplierSanction,
            Performance,
            Arrears,
        )
    },
)
"""Record kinds by name."""


class UnknownKindError(KeyError):
    """A record kind that the catalogue does not have."""

    def __str__(self) -> str:
        return f"unknown record kind {self.args[0]!r}, expected one of: {', '.join(KINDS)}"


def kind_named(name: str) -> type[Record]:
    """
    Get the class of the record kind called *name*.

    Raises:
        UnknownKindError: the catalogue has no such kind.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKindError(name) from None
