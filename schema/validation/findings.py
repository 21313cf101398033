"""
What validation says: findings for the owner of the data, in Chinese and English, and notes for the log.

Rules:
    - A finding names the field by its catalogue label, the rule, and what was expected.
    - A message quotes a value only where `quoted` allows it: tier P, a short value of a closed form, no personal name.
      Codes, names and free text are described, never quoted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schema.catalogue.model import Category, Field, FieldType, Record
from schema.tiers import Tier

FindingSeverity = Literal["E", "W"]

_PERSONAL = frozenset({Category.C02, Category.C03})
_CLOSED_FORMS = frozenset({FieldType.DATE, FieldType.AMOUNT, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.INTEGER})
_LONGEST_QUOTE = 20
_LONGEST_NUMBER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One fault of a record.

    Attributes:
        code: Rule, `ID01`-`ID04` or `DG01`-`DG18`.
        severity: `E` keeps the record out, `W` does not.
        field: Catalogue field name, or a name of `connectors.port.EXTRA_COLUMNS`; None if it is the whole record's.
        message_zh, message_en: For the owner; never a value above tier P, never personal data.
    """

    code: str
    severity: FindingSeverity
    field: str | None
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was read as meant and is worth a line in the log (a synonym), but is no fault."""

    field: str
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """
    Result of checking one record.

    Attributes:
        record: The record as it may be kept; None if any finding is `E`.
        findings: In the catalogue's field order, then those that join fields.
        notes: Synonyms read as meant, columns nobody knows.
        extra: `Row.extra` after the same reading; what could not be read is left out (and is a finding).
    """

    record: Record | None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Note, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How messages name a field; `name` is None for what is said of the record as a whole."""

    name: str | None
    zh: str
    en: str


class Remarks:
    """Findings and notes of one record while it is being checked. Owned by one call of `Checker.check`."""

    __slots__ = ("findings", "notes", "refused")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.notes: list[Note] = []
        self.refused = False

    def error(self, code: str, label: Label, zh: str, en: str) -> None:
        """Keep the record out by rule *code*."""
        self.refused = True
        self.findings.append(finding_of(code, "E", label, zh, en))

    def warn(self, code: str, label: Label, zh: str, en: str) -> None:
        """Let the record pass with a warning by rule *code*."""
        self.findings.append(finding_of(code, "W", label, zh, en))

    def note(self, label: Label, zh: str, en: str) -> None:
        """Say how a value was read."""
        self.notes.append(
            Note(field=label.name or "", message_zh=f"{label.zh}：{zh}", message_en=f"{label.en}: {en}"),
        )


def finding_of(code: str, severity: FindingSeverity, label: Label, zh: str, en: str) -> Finding:
    """Word a finding: rule, field, what was expected."""
    return Finding(
        code=code,
        severity=severity,
        field=label.name,
        message_zh=f"{code} {label.zh}：{zh}",
        message_en=f"{code} {label.en}: {en}",
    )


def quoted(described: Field, text: str) -> str:
    """Quote *text* for a message, or return '' where it must not be shown (see the rules of this module)."""
    shown = (
        described.tier is Tier.P
        and described.category not in _PERSONAL
        and (described.values is not None or described.type in _CLOSED_FORMS)
        and len(text) <= _LONGEST_QUOTE
        and sum(character.isdigit() for character in text) <= _LONGEST_NUMBER
    )
    return f"“{text}”" if shown else ""
