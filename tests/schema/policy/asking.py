"""Askers who put one question to `decide` and tell the answer in the matrix's own words: m0, m1 ... m7, x."""

from dataclasses import dataclass, field, replace

from schema.catalogue.model import Category, Mask
from schema.policy.decide import decide
from schema.policy.model import ActorKind, Cell, Clear, Decision, Denied, Fact, Label, Masked, Policy, Standing
from schema.tiers import Tier

ANYTHING = "ANYTHING"
HONGDA = "91510100MA6XXXXXXA"


def word_of(decision: Decision) -> str:
    match decision:
        case Clear():
            return "m0"
        case Masked():
            return decision.mask.value
        case Denied():
            return "x"


@dataclass(frozen=True, kw_only=True)
class Asker:
    policy: Policy
    standing: Standing
    facts: frozenset[Fact] = frozenset()

    def knowing(self, *facts: Fact) -> "Asker":
        return replace(self, facts=self.facts | set(facts))

    def without(self, *facts: Fact) -> "Asker":
        return replace(self, facts=self.facts - set(facts))

    def saying(self, **context: str) -> "Asker":
        return replace(self, standing=replace(self.standing, context=tuple(sorted(context.items()))))

    def asking_for(self, purpose: str, **context: str) -> "Asker":
        standing = replace(self.standing, purpose=purpose, purposes=self.standing.purposes | {purpose})
        return replace(self, standing=standing).saying(**context)

    def on(
        self, category: str, *, tier: str | None = None, mask: str | None = None, coordinate: str | None = None
    ) -> Decision:
        known = Category(category)
        label = Label(
            category=known,
            tier=Tier(tier) if tier else self.policy.tiers[known],
            coordinate=coordinate,
            mask=Mask(mask) if mask else None,
        )
        return decide(self.policy, self.standing, label, self.facts)

    def row(self, category: str, *, tier: str | None = None) -> str:
        """What becomes of the row: m0 listed, m6 counted, m7 told of, x."""
        return word_of(self.on(category, tier=tier))

    def value(
        self, category: str, *, mask: str | None = None, tier: str | None = None, coordinate: str = "Any.field"
    ) -> str:
        """What becomes of a field that *mask* fits."""
        return word_of(self.on(category, tier=tier, mask=mask, coordinate=coordinate))

    def both(self, category: str, mask: str, *, tier: str | None = None) -> tuple[str, str]:
        """What becomes of the row, and of a field in it that *mask* fits."""
        return self.row(category, tier=tier), self.value(category, mask=mask, tier=tier)

    def rule(self, category: str, *, tier: str | None = None, coordinate: str | None = None) -> str:
        return self.on(category, tier=tier, coordinate=coordinate).rule


@dataclass(frozen=True, kw_only=True)
class _Kind:
    ceiling: Tier
    regions: frozenset[str] = frozenset()
    facts: frozenset[Fact] = field(default_factory=frozenset)


_KINDS = {
    ActorKind.NEA: _Kind(ceiling=Tier.G, regions=frozenset({""}), facts=frozenset({Fact.IN_REGION})),
    ActorKind.BR: _Kind(ceiling=Tier.G, regions=frozenset({"51"}), facts=frozenset({Fact.IN_REGION})),
    ActorKind.LD: _Kind(ceiling=Tier.G, regions=frozenset({"51"}), facts=frozenset({Fact.IN_REGION})),
    ActorKind.OD: _Kind(ceiling=Tier.G, regions=frozenset({"51"}), facts=frozenset({Fact.IN_REGION})),
    ActorKind.CP: _Kind(ceiling=Tier.G, regions=frozenset({"51"}), facts=frozenset({Fact.IN_REGION})),
    ActorKind.AS: _Kind(ceiling=Tier.I),
    ActorKind.GC: _Kind(ceiling=Tier.I),
    ActorKind.PC: _Kind(ceiling=Tier.I),
    ActorKind.CA: _Kind(ceiling=Tier.P, facts=frozenset({Fact.CONSENT})),
    ActorKind.FI: _Kind(ceiling=Tier.P, facts=frozenset({Fact.CONSENT})),
    ActorKind.SU: _Kind(ceiling=Tier.P, facts=frozenset({Fact.OWN_SUBJECT})),
    ActorKind.PU: _Kind(ceiling=Tier.P),
    ActorKind.OP: _Kind(ceiling=Tier.P),
    ActorKind.AU: _Kind(ceiling=Tier.P),
}


class Askers:
    """The columns of DOMAIN 13.3 as people."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def of(self, actor: ActorKind) -> Asker:
        kind = _KINDS[actor]
        standing = Standing(
            actor=actor,
            organisation=None if actor is ActorKind.PU else HONGDA,
            ceiling=kind.ceiling,
            regions=kind.regions,
            sectors=frozenset(),
            purposes=frozenset({ANYTHING, "SELF_QUERY"}),
            purpose="SELF_QUERY" if actor is ActorKind.SU else ANYTHING,
            context=(),
            policy_version=1,
        )
        return Asker(policy=self.policy, standing=standing, facts=kind.facts)

    @property
    def public(self) -> Asker:
        return self.of(ActorKind.PU)

    @property
    def group(self) -> Asker:
        return self.of(ActorKind.GC)

    @property
    def group_with_consent(self) -> Asker:
        return self.group.knowing(Fact.CONSENT)

    @property
    def department(self) -> Asker:
        """A provincial energy department, before a row of its region."""
        return self.of(ActorKind.LD)

    @property
    def other_department(self) -> Asker:
        """Another department with a matter code, before a row of its region."""
        return self.of(ActorKind.OD).saying(matterCode="M-1")

    @property
    def branch(self) -> Asker:
        """A 派出机构, before a row of its region that it did not decide."""
        return self.of(ActorKind.BR)

    @property
    def nea(self) -> Asker:
        return self.of(ActorKind.NEA)

    @property
    def association(self) -> Asker:
        return self.of(ActorKind.AS)

    @property
    def bank(self) -> Asker:
        """With the subject's consent."""
        return self.of(ActorKind.FI)

    @property
    def agency(self) -> Asker:
        """A credit agency with the subject's consent."""
        return self.of(ActorKind.CA)

    @property
    def subject(self) -> Asker:
        """The subject before a row about itself."""
        return self.of(ActorKind.SU)

    @property
    def power_company(self) -> Asker:
        return self.of(ActorKind.PC)

    @property
    def platform(self) -> Asker:
        return self.of(ActorKind.CP)


def cell(name: str, *, reader: str = "GC", category: Category = Category.C05, **changes: object) -> Cell:
    plain = Cell(
        id=f"{category}.{reader}.{name}",
        category=category,
        reader=reader,
        permit=True,
        needs=frozenset(),
        audience=None,
        masks=frozenset(),
        except_fields=frozenset(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
