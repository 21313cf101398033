"""Which class a penalty is of (DOMAIN 6.1, class resolution)."""

from collections.abc import Sequence
from dataclasses import dataclass

from schema.records import Severity, SeverityBasis
from schema.rules.book import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityFinding:
    """
    A class and how it was found.

    Attributes:
        severity: The class.
        basis: How it was found.
        for_person: A person must look: some or all of the decision has no basis in the rules.
    """

    severity: Severity
    basis: SeverityBasis
    for_person: bool


def resolve_severity(
    rules: Rules, *, sent: Severity | None, violation_type: str | None, penalty_kinds: Sequence[str]
) -> SeverityFinding:
    """
    Find the class of a penalty.

    In this order: the class the source sent; a ministry's table by violation type; the default of its penalty kinds,
    the longest where there are several, marked `assumed`; else 一般, for a person to look at. A kind without default
    counts as 一般 beside kinds that have one, and is for a person too [P].

    Args:
        rules: Rules in force on the decision day.
        sent: Class as the source sent it.
        violation_type: Violation type as the catalogue holds it.
        penalty_kinds: Values of the list `penalty_kind`, or open texts.
    """
    if sent is not None:
        return SeverityFinding(severity=sent, basis=SeverityBasis.SENT, for_person=False)
    if violation_type is not None and (row := rules.violations.get(violation_type)) is not None:
        return SeverityFinding(severity=row.severity, basis=SeverityBasis.TABLE, for_person=False)
    found = rules.severity_default(penalty_kinds)
    if found is None:
        return SeverityFinding(severity=Severity.GENERAL, basis=SeverityBasis.NONE, for_person=True)
    unknown = any(kind not in rules.severity_defaults for kind in penalty_kinds)
    severity = Severity.GENERAL if unknown and found is Severity.MINOR else found
    return SeverityFinding(severity=severity, basis=SeverityBasis.ASSUMED, for_person=unknown)
