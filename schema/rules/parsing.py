"""Rule files as typed entries, or a refusal that says which file, which entry and what is wrong."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Final, TypeVar, cast

import msgspec

from schema.rules.entries import (
    CalendarYear,
    Entry,
    GradeScheme,
    ListType,
    Measure,
    PublicityPeriod,
    SeverityDefault,
    TimeLimit,
    ValueListEntry,
    ViolationClass,
)
from schema.rules.errors import RuleDataError

E = TypeVar("E", bound=Entry)

FILES: Final[Mapping[str, Mapping[str, type[Entry]]]] = {
    "value_lists.toml": {"list": ValueListEntry},
    "severity.toml": {"default": SeverityDefault, "violation": ViolationClass},
    "publicity.toml": {"period": PublicityPeriod},
    "calendar.toml": {"year": CalendarYear},
    "measures.toml": {"measure": Measure},
    "list_types.toml": {"type": ListType},
    "grade_schemes.toml": {"scheme": GradeScheme},
    "time_limits.toml": {"limit": TimeLimit},
}
"""Every rule file and the sections it may have."""


class Files:
    """The rule files, read and checked once; each section is asked for by its entry type."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        for name in sorted(FILES.keys() ^ texts.keys()):
            raise RuleDataError(name, "", "missing" if name in FILES else f"unknown file, expected {', '.join(FILES)}")
        self._entries: dict[type[Entry], tuple[Entry, ...]] = {}
        for name, sections in FILES.items():
            document = _document(name, texts[name])
            for section, kind in sections.items():
                self._entries[kind] = _section(name, section, document.get(section, []), kind)

    def entries(self, kind: type[E]) -> tuple[E, ...]:
        """List the entries of *kind* in the file's order."""
        return cast("tuple[E, ...]", self._entries[kind])

    def all_entries(self) -> Iterator[Entry]:
        """Walk through the entries of every file."""
        return chain.from_iterable(self._entries.values())


def _section(file: str, section: str, raw: object, kind: type[Entry]) -> tuple[Entry, ...]:
    if not isinstance(raw, list):
        raise RuleDataError(file, section, f"expected [[{section}]] entries")
    found = tuple(_entry(file, section, place, one, kind) for place, one in enumerate(raw, start=1))
    _check_overlaps(file, section, found)
    return found


def _document(name: str, text: str) -> dict[str, object]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleDataError(name, "", f"not TOML: {error}") from error
    for section in document.keys() - FILES[name].keys():
        raise RuleDataError(name, section, f"unknown section, expected {', '.join(FILES[name])}")
    return document


def _entry(file: str, section: str, place: int, raw: object, kind: type[Entry]) -> Entry:
    code = raw.get("code") if isinstance(raw, dict) else None
    where = f"{section} {place}" + (f" ({code})" if isinstance(code, str) else "")
    try:
        entry = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise RuleDataError(file, where, str(error)) from error
    if (fault := entry.fault()) is not None:
        raise RuleDataError(file, where, fault)
    return entry


def _check_overlaps(file: str, section: str, entries: Sequence[Entry]) -> None:
    ordered = sorted(entries, key=lambda entry: (entry.code, entry.effective_from))
    for earlier, later in pairwise(ordered):
        if earlier.code == later.code and (
            earlier.effective_to is None or later.effective_from <= earlier.effective_to
        ):
            raise RuleDataError(
                file,
                f"{section} ({later.code})",
                f"the entry from {later.effective_from} overlaps the one from {earlier.effective_from}",
            )
