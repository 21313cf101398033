"""
Read a TOML table key by key, so that every mistake names its file, its key path and what was expected.

Rules:
    - A value is never quoted in an error: a secret put in the wrong place must not reach a log.
    - `finish` refuses keys that nobody asked for: a misspelt key is an error, not a default.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)

_SPAN = re.compile(r"(\d{1,9})(s|m|h|d)")
_SPAN_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"(\d{1,6})(KB|MB|GB)")
_SIZE_BYTES = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_RATE = re.compile(r"(\d{1,5})/(s|m|h)")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a key should have held, in both languages."""

    zh: str
    en: str


class SiteConfigError(ValueError):
    """
    A site description that cannot be used.

    Attributes:
        file: The file's name as the caller gave it.
        key: Key path, e.g. `streams.penalty.map.document_no`; empty for the file as a whole.
        zh, en: What was expected, safe to show.
    """

    def __init__(self, file: str, key: str, expected: Expected) -> None:
        where = f"{file}: {key}" if key else file
        super().__init__(f"{where}: expected {expected.en} / 应为{expected.zh}")
        self.file = file
        self.key = key
        self.zh = expected.zh
        self.en = expected.en


class TableReader:
    """One table of the file. Every getter marks its key as known; `finish` refuses the rest."""

    def __init__(self, table: Mapping[str, object], *, file: str, path: str = "") -> None:
        self._table = table
        self._file = file
        self._path = path
        self._known: set[str] = set()

    @property
    def file(self) -> str:
        """Name of the file, for messages."""
        return self._file

    def path_of(self, key: str) -> str:
        """Key path of *key* from the file's root."""
        return ".".join(part for part in (self._path, key) if part)

    def error(self, key: str, zh: str, en: str) -> SiteConfigError:
        """Make the error for *key*; the caller raises it."""
        return SiteConfigError(self._file, self.path_of(key), Expected(zh, en))

    def has(self, key: str) -> bool:
        """Whether the table holds *key*; it stays unknown until it is read."""
        return key in self._table

    def take(self, key: str) -> object | None:
        """Raw value of *key*, None if absent."""
        self._known.add(key)
        return self._table.get(key)

    def find_text(self, key: str, pattern: str | None = None, *, zh: str = "文本", en: str = "text") -> str | None:
        """Text of *key*, None if absent. Raises `SiteConfigError` for another type, empty text or a mismatch."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or (pattern and not re.fullmatch(pattern, value)):
            raise self.error(key, zh, en)
        return value

    def text(self, key: str, pattern: str | None = None, *, zh: str = "文本", en: str = "text") -> str:
        """Text of *key*, which must be there."""
        found = self.find_text(key, pattern, zh=zh, en=en)
        if found is None:
            raise self.error(key, f"{zh}(必填)", f"{en} (required)")
        return found

    def choice(self, key: str, kind: type[_Choice], default: _Choice | None = None) -> _Choice:
        """A member of *kind* by its value."""
        allowed = " | ".join(kind)
        found = self.take(key)
        if found is None and default is not None:
            return default
        try:
            return kind(str(found))
        except ValueError:
            raise self.error(key, f"以下之一: {allowed}", f"one of: {allowed}") from None

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Whole number of *key*, *low* <= n <= *high*."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(key, f"整数 {low}..{high}", f"a whole number {low}..{high}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Boolean of *key*."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(key, "true 或 false", "true or false")
        return value

    def span_s(self, key: str, default: int) -> int:
        """Time span of *key* (`10s`, `5m`, `24h`, `7d`), in seconds, at least 0."""
        found = self.find_text(key, _SPAN.pattern, zh='时长, 如 "10s" "24h"', en='a span like "10s", "24h"')
        if found is None:
            return default
        number, unit = found[:-1], found[-1]
        return int(number) * _SPAN_SECONDS[unit]

    def size(self, key: str, default: int) -> int:
        """Size of *key* (`8MB`), in bytes, at least 1."""
        found = self.find_text(key, _SIZE.pattern, zh='大小, 如 "8MB"', en='a size like "8MB"')
        if found is None:
            return default
        number = int(found[:-2]) * _SIZE_BYTES[found[-2:]]
        if number < 1:
            raise self.error(key, '大小, 如 "8MB"', 'a size like "8MB"')
        return number

    def rate_per_s(self, key: str) -> float | None:
        """Rate of *key* (`5/s`, `100/m`), calls per second; None if absent."""
        found = self.find_text(key, _RATE.pattern, zh='频率, 如 "5/s"', en='a rate like "5/s"')
        if found is None:
            return None
        number, unit = found.split("/")
        if int(number) < 1:
            raise self.error(key, '频率, 如 "5/s"', 'a rate like "5/s"')
        return int(number) / _SPAN_SECONDS[unit]

    def texts(self, key: str) -> tuple[str, ...]:
        """List of texts of *key*; empty if absent."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, "文本列表", "a list of texts")
        return tuple(value)

    def table(self, key: str) -> "TableReader":
        """Sub-table of *key*, which must be there."""
        found = self.find_table(key)
        if found is None:
            raise self.error(key, "表(必填)", "a table (required)")
        return found

    def find_table(self, key: str) -> "TableReader | None":
        """Sub-table of *key*, None if absent."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(key, "表", "a table")
        return TableReader(value, file=self._file, path=self.path_of(key))

    def keys(self) -> Iterator[str]:
        """All keys of the table, in the file's order."""
        return iter(self._table)

    def finish(self) -> None:
        """Refuse keys that no getter asked for."""
        unknown = [key for key in self._table if key not in self._known]
        if unknown:
            known = ", ".join(sorted(self._known))
            raise self.error(unknown[0], f"已知的键: {known}", f"no such key; known are: {known}")
