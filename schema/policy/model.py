"""
The words of access: who stands before a label, for which purpose, with which facts, and what is decided.

Rules:
    - A `Decision` is a value with its reason; deny overrides, and no rule means no.
    - Facts only ever add: `decide` with more facts is never stricter. So one decision with every fact a standing
      could have is enough to know that a coordinate is denied whatever the row (static denial).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schema.catalogue.model import Category, Mask
from schema.tiers import Audience, Tier


class ActorKind(StrEnum):
    """Kinds of asker (DOMAIN 13.2)."""

    NEA = "NEA"
    BR = "BR"
    LD = "LD"
    OD = "OD"
    CP = "CP"
    AS = "AS"
    GC = "GC"
    PC = "PC"
    CA = "CA"
    FI = "FI"
    SU = "SU"
    PU = "PU"
    OP = "OP"
    AU = "AU"


class Fact(StrEnum):
    """
    What is known of a reader's relation to one row, beyond the standing itself.

    The first group is found row by row; `MATTER_CODE` and `CASE_ID` follow from the purpose's context.
    """

    OWN_SUBJECT = "own_subject"  # the record is about the reader's organisation
    OWN_SOURCE = "own_source"  # the reader's organisation supplied or decided the record
    IN_REGION = "in_region"  # the record's region lies within the reader's, and its subject's sector too
    CONSENT = "consent"  # a valid authority of the subject covers this category and purpose
    GRANTED = "granted"  # a valid grant covers this category and source
    COUNTERPARTY = "counterparty"  # the reader has a contract with the subject
    PORTFOLIO = "portfolio"  # the subject is in the reader's portfolio
    PUBLISHED = "published"  # the issuer published this very entry
    MATTER_CODE = "matter_code"
    CASE_ID = "case_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """
    A subject's authority (授权书) as the decision needs it.

    Attributes:
        id: What a question names it by.
        subject: Code of the subject that gave it.
        items: Categories it covers.
        purpose: The one purpose it covers.
        valid_from, valid_to: ISO 8601 days, both inclusive, Asia/Shanghai.
    """

    id: str = ""
    subject: str
    items: frozenset[Category]
    purpose: str
    valid_from: str
    valid_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """
    Officers' permission to one reader, for one category and one purpose, beyond what the matrix gives its column.

    It makes `Fact.GRANTED` true where it applies, and nothing else: the purpose still has to read the category, and a
    prohibition still overrides it.

    Attributes:
        id: What the log and the officers name it by.
        category: The one category it opens.
        coordinates: The fields it opens, besides the row itself; empty: every field of the category.
        source: Whose rows; None: of any source.
        subject: About whom; None: about anybody.
        purpose: The one purpose it serves.
        tier: Strictest label it opens, the consent route aside.
        valid_from, valid_to: ISO 8601 instants in UTC, the second exclusive.
        break_glass: Whether it is an emergency's.
    """

    id: str
    category: Category
    coordinates: frozenset[str] = frozenset()
    source: str | None = None
    subject: str | None = None
    purpose: str
    tier: Tier
    valid_from: str
    valid_to: str
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    What decides access, and nothing else: two callers with equal standing share a plan.

    Attributes:
        actor: Kind of asker.
        organisation: The asker's own USCC, None for the public.
        ceiling: Strictest tier it may reach through its audience; OWN and CON routes are not bounded by it.
        regions: GB/T 2260 prefixes; "" stands for the whole country; empty means no region at all.
        sectors: Energy sectors; empty means not bound to sectors.
        purposes: Purposes the asker may name. PUBLIC_LOOKUP is always one of them.
        purpose: The purpose of this question.
        context: The purpose's context, sorted (key, value) pairs.
        consents, grants: Valid ones only; the caller drops expired ones.
        policy_version: Version of the policy this standing was resolved under.
    """

    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: frozenset[str]
    sectors: frozenset[str]
    purposes: frozenset[str]
    purpose: str
    context: tuple[tuple[str, str], ...]
    consents: tuple[Consent, ...] = ()
    grants: tuple[Grant, ...] = ()
    policy_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """
    What stands on a value or a row.

    Attributes:
        category: Its category of the matrix.
        tier: The join of category tier, catalogue field tier and the record's own disclosure attribute.
        coordinate: Schema coordinate of a field (`Penalty.facts`); None for the row itself, that is its existence.
        mask: The mask that fits the field, None if none fits or for a row.
        masked: Whether policy shows the field through that mask to whoever does not read it as its own.
    """

    category: Category
    tier: Tier
    coordinate: str | None = None
    mask: Mask | None = None
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Shown whole. `rule` is the id of the rule that permits it."""

    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """Shown under *mask*. For a row, `m6`/`m7`: it is counted or its existence told, and never listed."""

    rule: str
    mask: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """
    Not shown.

    Attributes:
        rule: Id of the rule that denies, e.g. `purpose.category`, `tier.audience`, `matrix.none`.
        required_tier: The label's tier, so that a caller knows what it lacks.
    """

    rule: str
    required_tier: Tier


Decision = Clear | Masked | Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRule:
    """
    One purpose (查询目的) as dated data.

    Attributes:
        code: `PROCUREMENT_CHECK`.
        requires: Context keys that must be present and not empty.
        categories: Categories it may read.
        needs: Category -> facts that must hold as well under this purpose (FINANCING: C15 needs CONSENT).
        needs_always: Facts that must hold for every category (SELF_QUERY: OWN_SUBJECT).
        max_tier: Labels stricter than this are refused (PUBLIC_LOOKUP: P); None: no bound of its own.
        basis, mark: Legal basis and source mark of the entry.
    """

    code: str
    zh: str
    en: str
    requires: tuple[str, ...]
    categories: frozenset[Category]
    needs: Mapping[Category, frozenset[Fact]]
    needs_always: frozenset[Fact]
    max_tier: Tier | None
    basis: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """
    A column of the matrix: who reads through it, as which audience, under which facts.

    Attributes:
        code: `LD`.
        actors: Kinds of asker the column is open to.
        audience: The audience they stand as, unless a cell says otherwise.
        needs: Facts that must hold for every cell of the column.
        purposes: Purposes the column is open under; empty means any (SU: an organisation reads its own records as
            its own only where it asks as the subject).
    """

    code: str
    actors: frozenset[ActorKind]
    audience: Audience
    needs: frozenset[Fact]
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """
    One permission or prohibition of the matrix.

    Attributes:
        id: `C07.LD.matter`; it is what a denial or a receipt names.
        category, reader: Row and column.
        permit: False forbids, and overrides every permission for the same standing and label.
        needs: Facts that must hold besides the reader's own.
        audience: Overrides the reader's audience (own rows are read as OWN); None: the reader's.
        masks: Masks the cell asks for; a field takes the one that fits it, a row takes m6 or m7.
        except_fields: Coordinates the cell does not permit.
    """

    id: str
    category: Category
    reader: str
    permit: bool
    needs: frozenset[Fact]
    audience: Audience | None
    masks: frozenset[Mask]
    except_fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLabel:
    """
    What policy says of one coordinate.

    Attributes:
        tier: Joined with the catalogue's, which is the floor: it can only make the label stricter.
        mask: Shown through this mask to whoever does not read it as its own; None: as the cell says.
    """

    tier: Tier
    mask: Mask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    A version of the access policy, whole and immutable.

    Attributes:
        version: Number of the stored version; it is not part of the digest.
        digest: Names the content in plans and receipts.
        tiers: Category -> the loosest tier a row of it can bear; its list, its state and its own disclosure attribute
            make a row stricter, never looser.
        readers, purposes: By code.
        cells: Permissions and prohibitions, in the order of the matrix.
        fields: Coordinate -> its label. A coordinate that is not among them is not classified, and denied to all:
            so a field that a new release adds is seen by nobody until officers have looked at it.

    Raises:
        ValueError: a cell names a column that is not among *readers*: a prohibition would hold for nobody.
    """

    version: int
    digest: str
    tiers: Mapping[Category, Tier]
    readers: Mapping[str, Reader]
    purposes: Mapping[str, PurposeRule]
    cells: tuple[Cell, ...]
    fields: Mapping[str, FieldLabel]

    def __post_init__(self) -> None:
        for cell in self.cells:
            if cell.reader not in self.readers:
                raise ValueError(f"cell {cell.id}: got reader {cell.reader!r}, expected one of the policy's readers")
