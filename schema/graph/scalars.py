"""Scalars and enumerations of the exchange's schema."""

import re
from datetime import date
from enum import Enum, StrEnum
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Day = NewType("Day", str)
Instant = NewType("Instant", str)
Amount = NewType("Amount", str)


def _parsed_day(value: object) -> str:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("expected a day, YYYY-MM-DD")
    return date.fromisoformat(value).isoformat()


SCALARS: dict[object, ScalarDefinition] = {
    Day: strawberry.scalar(
        name="Day",
        description="日期 A day as the source gave it, YYYY-MM-DD; YYYY-MM where it is masked to the month.",
        serialize=str,
        parse_value=_parsed_day,
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
