"""
Secrets by reference: a site description names where a secret lies, never the secret.

    env:NAME     the environment variable NAME
    file:path    the file's text without trailing line breaks; relative paths start at the site file's folder
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.errors import OperatorNeeded

REFERENCE = re.compile(r"env:[A-Z][A-Z0-9_]{0,127}|file:[^\x00-\x1f]{1,1024}")
_MAX_BYTES = 64 * 1024


class Secrets(Protocol):
    """What resolves a reference; the hub passes its own (`ReferredSecrets` serves files and the environment)."""

    def resolve(self, source: str, reference: str) -> str:
        """Give the secret behind *reference*. Raises `OperatorNeeded`, naming the reference and never its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferredSecrets:
    """
    Secrets of the environment and of files.

    Attributes:
        environment: The variables, as the settings read them once.
        folder: Where relative `file:` paths start.
    """

    environment: Mapping[str, str]
    folder: Path

    def resolve(self, source: str, reference: str) -> str:
        """Give the secret behind *reference*. Raises `OperatorNeeded`: unknown form, absent, empty, unreadable."""
        scheme, _, rest = reference.partition(":")
        if not REFERENCE.fullmatch(reference):
            raise OperatorNeeded(source, "SECRET_FORM", "expected env:NAME or file:path")
        found = self.environment.get(rest) if scheme == "env" else self._read(source, rest)
        if not found:
            raise OperatorNeeded(source, "SECRET_MISSING", reference)
        return found

    def _read(self, source: str, path: str) -> str:
        try:
            with (self.folder / path).open("rb") as file:
                return file.read(_MAX_BYTES).decode("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise OperatorNeeded(source, "SECRET_MISSING", f"file:{path}") from None
