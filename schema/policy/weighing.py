"""
Two policies compared: does the second take away, give, or open what is of tier A or R?

Rules:
    - "Takes" is said only where it can be proved that no reader, purpose, row or field is shown more by the second:
      every permission of it lies within one permission of the first, no prohibition is gone, no label is looser.
    - "Opens" is said wherever something that is given could bear A or R: read as OWN or CON, who alone reach those
      tiers, or a label that, joined with whatever else a row may bear, was A or R and is now less.
    - When in doubt it gives, and when in doubt about that it opens: what is more open in one place and stricter in
      another gives.
    - A field that is classified for the first time opens if its own label is A or R. Otherwise it gives: the labels of
      its rows, some of which may be A or R, stand as they stood.

Source: DOMAIN 13.1 (lattice); `schema.policy.decide` (what a decision depends on).
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import IntEnum

from schema.catalogue.model import Category, Mask
from schema.plan.guarded import GuardTable
from schema.policy.decide import ROW_MASKS
from schema.policy.model import ActorKind, Cell, Fact, FieldLabel, Policy, PurposeRule
from schema.tiers import Audience, Tier, is_at_least, join

SECRET = frozenset({Tier.A, Tier.R})
"""Tiers that it takes two approvers to open."""
REACHES_SECRET = frozenset({Audience.CON, Audience.OWN})
"""Audiences that some tier of `SECRET` lets read."""


class Weight(IntEnum):
    """What a change does to what can be read; the greater, the more persons it takes."""

    TAKES = 0
    GIVES = 1
    OPENS = 2

    @property
    def label(self) -> str:
        """`takes`, `gives` or `opens`."""
        return self.name.lower()


def weigh_tier(before: Tier, after: Tier) -> Weight:
    """
    Weigh the change of a label that is joined with others nobody names here (a row's state, its own disclosure).

    Opens where, for some other label, the join was A or R and is looser now: I to S opens, since a record that its
    source marks G bore A.
    """
    if is_at_least(after, before):
        return Weight.TAKES
    for other in Tier:
        joined = join((before, other))
        if joined in SECRET and not is_at_least(join((after, other)), joined):
            return Weight.OPENS
    return Weight.GIVES


def weigh_policies(before: Policy, after: Policy, table: GuardTable) -> Weight:
    """Weigh the step from *before* to *after* for the coordinates of *table*, whoever may ask."""
    return max(
        (
            *_tiers(before.tiers, after.tiers),
            *_fields(before.fields, after, table),
            *_purposes(before, after),
            *_permissions(before, after),
            *_prohibitions(before, after),
        ),
        default=Weight.TAKES,
    )


def _tiers(before: Mapping[Category, Tier], after: Mapping[Category, Tier]) -> Iterator[Weight]:
    for category, tier in after.items():
        yield weigh_tier(before[category], tier) if category in before else Weight.OPENS


def _fields(before: Mapping[str, FieldLabel], after: Policy, table: GuardTable) -> Iterator[Weight]:
    for coordinate, label in after.fields.items():
        was = before.get(coordinate)
        if was is None:
            yield Weight.OPENS if _may_be_secret(coordinate, after, table) else Weight.GIVES
            continue
        yield weigh_tier(was.tier, label.tier)
        if was.mask is not None and label.mask is not was.mask:
            # Whoever reads a row of tier A by consent saw it masked until now.
            yield Weight.OPENS


def _may_be_secret(coordinate: str, policy: Policy, table: GuardTable) -> bool:
    """Whether the label of the field itself, in some category its row can be in, is A or R."""
    entry = table.by_coordinate.get(coordinate)
    if entry is None:
        return True
    own = [entry.tier, policy.fields[coordinate].tier]
    if entry.category is not None:
        own.append(policy.tiers[entry.category])
    return any(join((*own, policy.tiers[category])) in SECRET for category in table.categories[entry.kind])


def _purposes(before: Policy, after: Policy) -> Iterator[Weight]:
    for code, rule in after.purposes.items():
        was = before.purposes.get(code)
        if was is None or not _lies_within(rule, was):
            yield Weight.OPENS if rule.max_tier is None or rule.max_tier in SECRET else Weight.GIVES


def _lies_within(rule: PurposeRule, was: PurposeRule) -> bool:
    """Whether *rule* lets through nothing that *was* does not."""
    return (
        set(rule.requires) >= set(was.requires)
        and rule.categories <= was.categories
        and rule.needs_always >= was.needs_always
        and all(
            rule.needs.get(category, frozenset()) | rule.needs_always >= was.needs.get(category, frozenset())
            for category in rule.categories
        )
        and (was.max_tier is None or (rule.max_tier is not None and is_at_least(was.max_tier, rule.max_tier)))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the matrix with its column written out."""

    category: Category
    actors: frozenset[ActorKind]
    purposes: frozenset[str]
    needs: frozenset[Fact]
    audience: Audience
    masks: frozenset[Mask]
    except_fields: frozenset[str]


def _lines(policy: Policy, *, permit: bool) -> list[_Line]:
    return [_line(policy, cell) for cell in policy.cells if cell.permit is permit]


def _line(policy: Policy, cell: Cell) -> _Line:
    reader = policy.readers[cell.reader]
    return _Line(
        category=cell.category,
        actors=reader.actors,
        purposes=reader.purposes,
        needs=reader.needs | cell.needs,
        audience=cell.audience or reader.audience,
        masks=cell.masks,
        except_fields=cell.except_fields,
    )


def _permissions(before: Policy, after: Policy) -> Iterator[Weight]:
    known = _lines(before, permit=True)
    for line in _lines(after, permit=True):
        if not any(_is_covered(line, was) for was in known):
            yield _weight_of(line)


def _weight_of(line: _Line) -> Weight:
    return Weight.OPENS if line.audience in REACHES_SECRET else Weight.GIVES


def _is_covered(line: _Line, was: _Line) -> bool:
    """Whether the permission *line* shows nothing that the permission *was* does not show at least as open."""
    return (
        line.category is was.category
        and line.actors <= was.actors
        and _is_open_less(line.purposes, was.purposes)
        and line.needs >= was.needs
        and _is_heard_less(line.audience, was.audience)
        and _shows_less(line.masks, was.masks)
        and line.except_fields >= was.except_fields
    )


def _is_open_less(purposes: AbstractSet[str], was: AbstractSet[str]) -> bool:
    """No purposes named means any."""
    return not was or (bool(purposes) and purposes <= was)


def _is_heard_less(audience: Audience, was: Audience) -> bool:
    # OWN stands in every tier's reader set, is bound by no ceiling and shown no mask of a field; and wherever PUB may
    # read, IND and GOV may.
    return audience is was or was is Audience.OWN or (audience is Audience.PUB and was in {Audience.IND, Audience.GOV})


def _shows_less(masks: AbstractSet[Mask], was: AbstractSet[Mask]) -> bool:
    rows, rows_before = masks & ROW_MASKS, was & ROW_MASKS
    if rows_before:
        return bool(rows) and min(rows) >= min(rows_before)  # m6 counts, m7 only tells
    return bool(rows) or masks >= was


def _prohibitions(before: Policy, after: Policy) -> Iterator[Weight]:
    kept = _lines(after, permit=False)
    open_now = _lines(after, permit=True)
    for was in _lines(before, permit=False):
        if any(_forbids_as_much(line, was) for line in kept):
            continue
        uncovered = [line for line in open_now if line.category is was.category and line.actors & was.actors]
        yield max(map(_weight_of, uncovered), default=Weight.GIVES)


def _forbids_as_much(line: _Line, was: _Line) -> bool:
    return (
        line.category is was.category
        and line.actors >= was.actors
        and (not line.purposes or (bool(was.purposes) and line.purposes >= was.purposes))
        and line.except_fields <= was.except_fields
    )
