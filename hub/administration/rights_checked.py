"""
Grants and record labels of a change set, checked against the store and weighed.

Rules:
    - A grant is time-boxed: at most 366 days, and never without an end.
    - A grant that could open nothing is refused: a purpose the partner may not name or that does not read the category,
      a field that is not in the category, a category no line of the matrix opens by grant.
    - A record is labelled without looking whether there is one: who labels is told nothing of what is on file.
"""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from hub.administration.items import GiveGrant, Item, LabelRecord, ProlongGrant
from hub.administration.weighing import Marked, weigh_mark, weigh_reach
from hub.clock import SHANGHAI, from_iso, iso, legal_day
from hub.errors import BadInputError, ConflictError
from hub.identity.partners import find_partner
from hub.store import tables
from hub.store.administration_tables import AccessGrant, RecordLabel
from hub.store.engine import Reader
from hub.store.tables import table_of
from schema.catalogue.model import Category
from schema.plan.guarded import GuardTable
from schema.policy.model import Fact, Policy
from schema.policy.weighing import Weight
from schema.tiers import Tier

GRANT = table_of(AccessGrant)
LABEL = table_of(RecordLabel)
_SOURCE = table_of(tables.Source)
DAYS_MAX = 366
_CODE_MAX = 18
_KEY_MAX = 128
_REGION = re.compile(r"[1-9][0-9]([0-9]{2}){0,2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def grants_weight(
    reader: Reader, items: Sequence[Item], policy: Policy, *, now: datetime, table: GuardTable
) -> Weight:
    """
    Check and weigh the grants among *items*; without any, they take.

    Raises:
        BadInputError: names the item and its member.
        ConflictError: a grant to prolong is not there, revoked or over.
    """
    weight = Weight.TAKES
    for number, item in enumerate(items):
        if isinstance(item, GiveGrant):
            check_scope(item.category, item.purpose, policy, place=(number,))
            _check_fields(item, number, table)
            check_subject(item.subject, (number, "subject"))
            await _check_whose(reader, item, number)
            _check_span(item, number, now)
            weight = max(weight, weigh_reach(item.tier))
        elif isinstance(item, ProlongGrant):
            row = await _prolonged(reader, item, number, now)
            is_longer = _instant(item.valid_to, (number, "valid_to")) > from_iso(row.valid_to)
            weight = max(weight, weigh_reach(Tier(row.tier)) if is_longer else Weight.TAKES)
    return weight


def check_scope(category: Category, purpose: str, policy: Policy, *, place: tuple[int | str, ...] = ()) -> None:
    """
    Check that a grant of *category* for *purpose* could open something under *policy*.

    Raises:
        BadInputError: rule `grant.purpose` or `grant.opens_nothing`.
    """
    rule = policy.purposes.get(purpose)
    if rule is None:
        raise _wrong("grant.purpose", "the policy does not know the purpose", (*place, "purpose"))
    by_grant = any(
        cell.category is category and cell.permit and Fact.GRANTED in cell.needs | policy.readers[cell.reader].needs
        for cell in policy.cells
    )
    if category not in rule.categories or not by_grant:
        raise _wrong(
            "grant.opens_nothing", f"{category.value} is not opened by a grant for {rule.code}", (*place, "category")
        )


def _check_fields(item: GiveGrant, number: int, table: GuardTable) -> None:
    for coordinate in sorted(item.coordinates):
        entry = table.by_coordinate.get(coordinate)
        of_row = () if entry is None else table.categories[entry.kind]
        if entry is None or item.category not in ((entry.category,) if entry.category else of_row):
            text = f"got {coordinate[:80]!r}, expected coordinates of {item.category.value}"
            raise _wrong("grant.coordinates", text, (number, "coordinates"))


def check_subject(code: str | None, place: tuple[int | str, ...]) -> None:
    """
    Check the form of a subject's code; None is anybody.

    Raises:
        BadInputError: rule `grant.subject`.
    """
    if code is not None and not (code.isascii() and code.isalnum() and len(code) <= _CODE_MAX):
        raise _wrong("grant.subject", "expected a subject's code", place)


async def _check_whose(reader: Reader, item: GiveGrant, number: int) -> None:
    partner = await find_partner(reader, item.partner)
    if partner is None:
        raise _wrong("grant.partner", "no such partner", (number, "partner"))
    if item.purpose not in partner.purposes:
        raise _wrong("grant.partner_purpose", "not a purpose this partner may name", (number, "purpose"))
    if item.source is not None:
        found = await reader.first(select(_SOURCE.c.id).where(_SOURCE.c.id == item.source))
        if found is None:
            raise _wrong("grant.source", "no such source", (number, "source"))


def _check_span(item: GiveGrant, number: int, now: datetime) -> None:
    begin = _instant(item.valid_from, (number, "valid_from"))
    end = _instant(item.valid_to, (number, "valid_to"))
    if end <= begin or end <= now:
        raise _wrong("grant.time", "ends before it begins, or is over already", (number, "valid_to"))
    if end - begin > timedelta(days=DAYS_MAX):
        raise _wrong("grant.time", f"a grant lasts at most {DAYS_MAX} days", (number, "valid_to"))


async def _prolonged(reader: Reader, item: ProlongGrant, number: int, now: datetime) -> Row[Any]:
    end = _instant(item.valid_to, (number, "valid_to"))
    row = await reader.first(select(GRANT).where(GRANT.c.id == item.id))
    if row is None or row.break_glass:
        raise _wrong("grant.unknown", "no such grant, or one of an emergency, which is never prolonged", (number, "id"))
    if row.revoked_at is not None or row.valid_to <= iso(now):
        raise ConflictError("grant.over", "The grant is revoked or over: give another", changed={"grant": row.id})
    if not now < end <= now + timedelta(days=DAYS_MAX):
        raise _wrong("grant.time", f"expected an instant within {DAYS_MAX} days from now", (number, "valid_to"))
    return row


async def labels_weight(reader: Reader, items: Sequence[Item], *, now: datetime, table: GuardTable) -> Weight:
    """
    Check and weigh the labels of records among *items*; without any, they take.

    Raises:
        BadInputError: names the item and its member.
    """
    weight = Weight.TAKES
    for number, item in enumerate(items):
        if isinstance(item, LabelRecord):
            _check_label(item, number, now, table)
            row = await reader.first(
                select(LABEL).where(
                    LABEL.c.subject_code == item.subject,
                    LABEL.c.kind == item.kind,
                    LABEL.c.record_key == item.record_key,
                )
            )
            if row is None and item.tier is None:
                raise _wrong("label.absent", "the record bears no label to lift", (number, "tier"))
            weight = max(weight, weigh_mark(None if row is None else marked_row(row), marked_item(item)))
    return weight


def marked_item(item: LabelRecord) -> Marked | None:
    """The label that *item* lays on a record; None: it lifts one."""
    if item.tier is None:
        return None
    return Marked(
        tier=item.tier,
        regions=frozenset(item.regions),
        valid_to=None if item.valid_to is None else end_of_day(date.fromisoformat(item.valid_to)),
    )


def marked_row(row: Row[Any]) -> Marked:
    """The label that a row keeps."""
    return Marked(
        tier=Tier(row.tier),
        regions=frozenset(json.loads(row.regions or "[]")),
        valid_to=row.valid_to,
    )


def end_of_day(day: date) -> str:
    """The last instant of a legal day, as it is stored."""
    return iso(datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=SHANGHAI))


def _check_label(item: LabelRecord, number: int, now: datetime, table: GuardTable) -> None:
    if item.kind not in table.record_kinds:
        raise _wrong("label.kind", "expected a kind of record", (number, "kind"))
    check_subject(item.subject, (number, "subject"))
    if not (item.record_key.isascii() and item.record_key.isprintable() and 0 < len(item.record_key) <= _KEY_MAX):
        raise _wrong("label.record_key", "expected the key of a record", (number, "record_key"))
    for region in item.regions:
        if _REGION.fullmatch(region) is None:
            raise _wrong("label.regions", "expected GB/T 2260 prefixes of 2, 4 or 6 digits", (number, "regions"))
    if item.tier is None and (item.regions or item.valid_to):
        raise _wrong("label.tier", "to lift a label is to lift all of it", (number, "tier"))
    if item.valid_to is not None:
        day = read_day(item.valid_to)
        if day is None or day < legal_day(now):
            raise _wrong("label.time", "expected a day, YYYY-MM-DD, that is not past", (number, "valid_to"))


def read_day(text: str) -> date | None:
    """Read an ISO day; None if it is not one."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _instant(text: str, place: tuple[int | str, ...]) -> datetime:
    try:
        return from_iso(text)
    except ValueError:
        raise _wrong("grant.time", "expected an instant, YYYY-MM-DDTHH:MM:SS.ffffffZ", place) from None


def _wrong(rule: str, text: str, place: tuple[int | str, ...]) -> BadInputError:
    return BadInputError(text, place=("items", *place), extensions={"rule": rule})
