"""Scalars and enumerations of the exchange's schema."""

from enum import Enum, StrEnum
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

Day = NewType("Day", str)
Instant = NewType("Instant", str)
Amount = NewType("Amount", str)

SCALARS: dict[object, ScalarDefinition] = {
    Day: strawberry.scalar(
        name="Day",
        description="日期 A day as the source gave it, YYYY-MM-DD; YYYY-MM where it is masked to the month.",
        serialize=str,
        parse_value=str,
    ),
    Instant: strawberry.scalar(
        name="Instant",
        description="时刻 A point in time, UTC, RFC 3339 with microseconds.",
        serialize=str,
        parse_value=str,
    ),
    Amount: strawberry.scalar(
        name="Amount",
        description=(
            "金额（万元） An amount in 10,000 CNY, decimal text exactly as the source gave it; "
            "a band such as 10-30 where it is masked. Never a float."
        ),
        serialize=str,
        parse_value=str,
    ),
}


class Freshness(StrEnum):
    """How current a source's data is, against its own service level."""

    FRESH = "FRESH"
    STALE = "STALE"
    UNREACHABLE = "UNREACHABLE"


class Direction(StrEnum):
    """Direction of a sort."""

    ASC = "ASC"
    DESC = "DESC"


class MatchedBy(StrEnum):
    """How a name search found a subject."""

    EXACT = "EXACT"
    FORMER = "FORMER"
    CONTAINED = "CONTAINED"
    INITIALS = "INITIALS"


def enum_type(name: str, description: str, members: dict[str, str]) -> type[Enum]:
    """Make a Strawberry enumeration *name* of *members* (GraphQL name -> internal value)."""
    made: type[Enum] = Enum(name, members)  # type: ignore[misc]  # the name is data: it comes from the catalogue
    return strawberry.enum(made, name=name, description=description)
