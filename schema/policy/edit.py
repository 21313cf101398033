"""
Changes to a policy as values, and the policy that comes of them: pure, so that what is simulated is what is applied.

Rules:
    - The result goes through the same reader as a stored policy (`schema.policy.parse`): what it refuses is refused.
    - A field's label is never looser than the catalogue's, which is the floor, and its mask is the one that fits it.
    - Each item says what it does to what is there: to put a line again replaces it, to classify what is classified, to
      label what is not, or to drop what does not exist is refused, since its author saw another policy.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from schema.catalogue.model import Category, Mask
from schema.policy.decide import ROW_MASKS
from schema.policy.entries import PolicyDataError
from schema.policy.model import Fact, Policy
from schema.policy.parse import DigestOf, policy_from_json, policy_json
from schema.tiers import Audience, Tier, is_at_least


class PolicyItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="item"):
    """One change to a policy."""


class LabelField(PolicyItem, frozen=True, kw_only=True, tag="label_field"):
    """
    Label a field that is classified already.

    Attributes:
        coordinate: `Penalty.facts`.
        tier: Its tier; never looser than the catalogue's.
        mask: Shown through it to whoever does not read the field as its own; None: as the matrix says.
    """

    coordinate: str
    tier: Tier
    mask: Mask | None = None


class ClassifyField(PolicyItem, frozen=True, kw_only=True, tag="classify_field"):
    """Classify a field that a release has added, which everybody is denied until then. As `LabelField`."""

    coordinate: str
    tier: Tier
    mask: Mask | None = None


class SetCategoryTier(PolicyItem, frozen=True, kw_only=True, tag="set_category_tier"):
    """Set the loosest tier that rows of a category can bear."""

    category: Category
    tier: Tier


class PutCell(PolicyItem, frozen=True, kw_only=True, tag="put_cell"):
    """
    Add a line to the matrix, or replace the one of the same id.

    Attributes:
        category, reader: Row and column; with *name* they make the id, `C07.LD.matter`.
        name: Tells lines of one cell apart; None: the cell's first line.
        permit: False forbids, whatever else permits.
        needs: Facts that must hold besides the column's.
        audience: Whom the reader stands as here; None: as the column.
        masks: Masks the line asks for.
        except_fields: Coordinates it does not speak of.
    """

    category: Category
    reader: str
    name: str | None = None
    permit: bool = True
    needs: frozenset[Fact] = frozenset()
    audience: Audience | None = None
    masks: frozenset[Mask] = frozenset()
    except_fields: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """What a denial or a receipt names."""
        return f"{self.category.value}.{self.reader}" + ("" if self.name is None else f".{self.name}")


class DropCell(PolicyItem, frozen=True, kw_only=True, tag="drop_cell"):
    """Take a line out of the matrix, by its id."""

    id: str


class PutPurpose(PolicyItem, frozen=True, kw_only=True, tag="put_purpose"):
    """Add a purpose, or replace the one of the same code. Attributes: see `schema.policy.model.PurposeRule`."""

    code: str
    zh: str
    en: str
    categories: frozenset[Category]
    basis: str
    mark: str
    requires: tuple[str, ...] = ()
    needs: dict[Category, frozenset[Fact]] = {}
    needs_always: frozenset[Fact] = frozenset()
    max_tier: Tier | None = None


Edit: TypeAlias = LabelField | ClassifyField | SetCategoryTier | PutCell | DropCell | PutPurpose
_PURPOSE = re.compile(r"[A-Z][A-Z_]{2,39}")  # as a partner's entry and a question may name it
EDITS = (LabelField, ClassifyField, SetCategoryTier, PutCell, DropCell, PutPurpose)


class Floor(Protocol):
    """What the catalogue says of a coordinate (`schema.plan.guarded.Guarded`)."""

    @property
    def tier(self) -> Tier:
        """The loosest label it can bear."""

    @property
    def mask(self) -> Mask | None:
        """The mask that fits it, if one does."""


class EditError(PolicyDataError):
    """
    A change that cannot be made to this policy.

    Attributes:
        place: Number of the item, and its member: `(2, "tier")`; the number alone if no one member is at fault.
        rule: Dotted words that name the rule.
        text: What was got and what was expected.
    """

    def __init__(self, text: str, *, place: tuple[int | str, ...], rule: str) -> None:
        super().__init__(text)
        self.text = text
        self.place = place
        self.rule = rule


def apply_items(
    policy: Policy, items: Sequence[Edit], *, floors: Mapping[str, Floor], version: int, digest_of: DigestOf
) -> Policy:
    """
    Make the policy that *items*, in order, make of *policy*.

    Args:
        policy: What they start from; it stays as it is.
        items: The changes.
        floors: Coordinate -> what the catalogue says of it; a coordinate that is not there cannot be labelled.
        version: Number the new policy bears.
        digest_of: See `schema.policy.parse.DigestOf`.

    Raises:
        EditError: an item does not fit *policy* or the catalogue; names its place.
        PolicyDataError: the whole is no policy.
    """
    body: dict[str, Any] = policy_json(policy)
    for number, item in enumerate(items):
        _apply(body, item, number, floors)
    return policy_from_json(body, version=version, digest_of=digest_of)


def differences(before: Policy, after: Policy) -> tuple[str, ...]:
    """
    Name what differs: `tiers.C06`, `readers.LD`, `purposes.RATING`, `cells.C05.GC`, `fields.Penalty.facts`; sorted.

    `cells` alone tells that the same lines stand in another order, which decides which of two equal ones is named.
    """
    one, other = (_parts(policy) for policy in (before, after))
    names = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    if [cell.id for cell in before.cells] != [cell.id for cell in after.cells] and not any(
        name.startswith("cells.") for name in names
    ):
        names.add("cells")
    return tuple(sorted(names))


def _parts(policy: Policy) -> dict[str, object]:
    body: dict[str, Any] = policy_json(policy)
    parts = {
        f"{part}.{code}": body[part][code] for part in ("tiers", "readers", "purposes", "fields") for code in body[part]
    }
    return parts | {f"cells.{cell['id']}": cell for cell in body["cells"]}


def _apply(body: dict[str, Any], item: Edit, number: int, floors: Mapping[str, Floor]) -> None:
    match item:
        case LabelField() | ClassifyField():
            _label(body["fields"], item, number, floors)
        case SetCategoryTier():
            body["tiers"][item.category.value] = item.tier.value
        case PutCell():
            _put_cell(body, item, number, floors)
        case DropCell():
            if item.id not in [cell["id"] for cell in body["cells"]]:
                raise _fault(number, "id", "edit.no_such_cell", f"got {item.id[:80]!r}, expected a line of the matrix")
            body["cells"] = [cell for cell in body["cells"] if cell["id"] != item.id]
        case PutPurpose():
            if _PURPOSE.fullmatch(item.code) is None:
                raise _fault(number, "code", "edit.purpose_code", "expected 3 to 40 of A-Z and _, upper case")
            value = msgspec.to_builtins(item)
            code = value.pop("code")
            del value["item"]
            body["purposes"][code] = value


def _label(fields: dict[str, Any], item: LabelField | ClassifyField, number: int, floors: Mapping[str, Floor]) -> None:
    floor = floors.get(item.coordinate)
    if floor is None:
        got = f"got {item.coordinate[:80]!r}, expected a coordinate of the catalogue"
        raise _fault(number, "coordinate", "edit.unknown_coordinate", got)
    if isinstance(item, LabelField) and item.coordinate not in fields:
        raise _fault(number, "coordinate", "edit.unclassified", f"{item.coordinate} is not classified yet: classify it")
    if isinstance(item, ClassifyField) and item.coordinate in fields:
        raise _fault(number, "coordinate", "edit.classified", f"{item.coordinate} is classified already: label it")
    if not is_at_least(item.tier, floor.tier):
        raise _fault(
            number,
            "tier",
            "edit.below_floor",
            f"got {item.tier.value}, expected the catalogue's {floor.tier.value} or stricter",
        )
    # Masks of rows are the parser's to refuse. No mask fits a field of which the catalogue names none: not every value
    # is a text that could be shown in part.
    if item.mask is not None and item.mask not in ROW_MASKS and item.mask is not floor.mask:
        fitting = "no mask: none fits" if floor.mask is None else f"{floor.mask.value}, which fits"
        raise _fault(number, "mask", "edit.mask_does_not_fit", f"got {item.mask.value}, expected {fitting}")
    fields[item.coordinate] = {"tier": item.tier.value, "mask": item.mask and item.mask.value}


def _put_cell(body: dict[str, Any], item: PutCell, number: int, floors: Mapping[str, Floor]) -> None:
    unknown = sorted(item.except_fields - floors.keys())
    if unknown:
        # A misspelt exception would silently except nothing.
        raise _fault(
            number,
            "except_fields",
            "edit.unknown_coordinate",
            f"got {unknown[0][:80]!r}, expected coordinates of the catalogue",
        )
    cell = {
        "id": item.id,
        "category": item.category.value,
        "reader": item.reader,
        "permit": item.permit,
        "needs": sorted(item.needs),
        "audience": item.audience and item.audience.value,
        "masks": sorted(item.masks),
        "except": sorted(item.except_fields),
    }
    ids = [each["id"] for each in body["cells"]]
    if item.id in ids:
        body["cells"][ids.index(item.id)] = cell
        return
    # Beside the lines of its category, where an officer looks for it.
    place = max(
        (at + 1 for at, each in enumerate(body["cells"]) if each["category"] == item.category), default=len(ids)
    )
    body["cells"].insert(place, cell)


def _fault(number: int, member: str, rule: str, text: str) -> EditError:
    return EditError(f"item {number}: {member}: {text}", place=(number, member), rule=rule)
