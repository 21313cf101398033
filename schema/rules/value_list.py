"""A value list as a validator asks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schema.rules.entries import ValueListEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueList:
    """
    Texts a field may hold.

    Attributes:
        code: Name the catalogue uses in `Field.values`.
        values: Values in the standard's order.
        synonyms: Another way of writing it -> the value meant.
        open_prefix: A text that begins so, and goes on, is admitted as it stands; None: the list is closed.
        labels: Value -> English label.
    """

    code: str
    values: tuple[str, ...]
    synonyms: Mapping[str, str]
    open_prefix: str | None
    labels: Mapping[str, str]

    def find(self, text: str) -> str | None:
        """
        Find the value that *text* means: itself, through a synonym, or as an open text; None if none.

        The caller logs a synonym: the result then differs from *text* (DOMAIN 2.5, DG03).
        """
        if text in self.labels:
            return text
        if self.open_prefix is not None and text.startswith(self.open_prefix) and text != self.open_prefix:
            return text
        return self.synonyms.get(text)


def value_list_of(entry: ValueListEntry) -> ValueList:
    """Turn a file's entry into the list a validator asks."""
    return ValueList(
        code=entry.code,
        values=tuple(one.value for one in entry.value),
        synonyms=MappingProxyType({text: one.value for one in entry.value for text in one.synonyms}),
        open_prefix=entry.open_prefix,
        labels=MappingProxyType({one.value: one.en for one in entry.value}),
    )
