"""Policy data read strictly: an entry is taken apart key by key; what is missing, misspelt or left over is named."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)


class PolicyDataError(ValueError):
    """
    Policy data that cannot be read: the text names the file, the entry and the key, what was got and expected.

    Policy data is no information about anyone, so its text may be shown.
    """


class Entry:
    """
    One table of policy data.

    Attributes:
        place: File and entry as a reader would look for them, e.g. `matrix.toml: C07.LD`.
    """

    def __init__(self, place: str, table: object) -> None:
        if not isinstance(table, Mapping):
            raise PolicyDataError(f"{place}: got {_named(table)}, expected a table")
        self.place = place
        self._table = dict(table)

    def fault(self, key: str, got: str, expected: str) -> PolicyDataError:
        """Build the error for *key*; the caller raises it."""
        return PolicyDataError(f"{self.place}: {key}: got {got}, expected {expected}")

    def take(self, key: str, default: object = None) -> object:
        """Take the value of *key* out, *default* if there is none."""
        return self._table.pop(key, default)

    def has(self, key: str) -> bool:
        """Whether *key* is still to be taken."""
        return key in self._table

    def entry(self, key: str) -> "Entry":
        """Take the table of *key*; none is an empty one."""
        return Entry(f"{self.place}: {key}", self.take(key, {}))

    def entries(self) -> list[tuple[str, object]]:
        """Take everything that is left, in order."""
        left, self._table = list(self._table.items()), {}
        return left

    def text(self, key: str, shape: str = r".*\S.*") -> str:
        """Take a text of one line that has the *shape* (a regular expression)."""
        value = self.take(key)
        if not isinstance(value, str) or not re.fullmatch(shape, value):
            raise self.fault(key, _named(value), f"a text like {shape}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, _named(value), "true or false")
        return value

    def texts(self, key: str, shape: str = r".*\S.*") -> tuple[str, ...]:
        """Take a list of different texts, each of the *shape*; none is an empty one."""
        values = self.take(key, ())
        if not isinstance(values, list | tuple):
            raise self.fault(key, _named(values), "a list of texts")
        for value in values:
            if not isinstance(value, str) or not re.fullmatch(shape, value):
                raise self.fault(key, _named(value), f"a text like {shape}")
        if len(set(values)) != len(values):
            raise self.fault(key, "a value twice", "each value once")
        return tuple(values)

    def one(self, kind: type[E], key: str) -> E:
        """Take one value of *kind*."""
        return self._of(kind, key, self.take(key))

    def perhaps(self, kind: type[E], key: str) -> E | None:
        """Take one value of *kind*, or None."""
        value = self.take(key)
        return None if value is None else self._of(kind, key, value)

    def some(self, kind: type[E], key: str) -> frozenset[E]:
        """Take a list of different values of *kind*; none is an empty one."""
        return frozenset(self._of(kind, key, value) for value in self.texts(key))

    def _of(self, kind: type[E], key: str, value: object) -> E:
        known = {member.value: member for member in kind}
        if not isinstance(value, str) or value not in known:
            raise self.fault(key, _named(value), f"one of {', '.join(known)}")
        return known[value]

    def finish(self) -> None:
        """
        Check that nothing is left over.

        Raises:
            PolicyDataError: a key nobody asked for; it would otherwise be a rule that silently does nothing.
        """
        if self._table:
            raise PolicyDataError(f"{self.place}: got unknown key {', '.join(map(str, self._table))}")


def _named(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return repr(value[:80])
        case _:
            return type(value).__name__
