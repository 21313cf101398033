"""A simulation reports a cell if and only if some row exists for which the road would show another thing."""

from dataclasses import replace
from datetime import date
from itertools import product
from random import Random
from types import SimpleNamespace

import pytest

from schema.catalogue.model import Category, Mask
from schema.plan.decider import Decider, is_listed
from schema.plan.guarded import GuardTable
from schema.plan.judge import labelled, row_class
from schema.policy.contrast import is_shown_alike
from schema.policy.model import ActorKind, Clear, Consent, Denied, Fact, FieldLabel, Grant, Masked
from schema.policy.simulate import Asker, Side, Turn, simulate
from schema.publicity.placement import Placement, loosest_tier
from schema.records import PublicityState, RecordLabel
from schema.tiers import Tier, join
from tests.equality.standings import random_policy
from tests.schema.policy.asking import cell

ORGANISATIONS = (None, "ORG-1", "ORG-2")
SUBJECTS = ("ORG-1", "ORG-2", "SUBJECT", "STRANGER")
SOURCES = ("SOURCE", "ELSEWHERE")
PLACES = (None, "510100", "512000", "110000")
PURPOSES = ("PUBLIC_LOOKUP", "SUPERVISION", "PROCUREMENT_CHECK", "FINANCING", "SELF_QUERY", "HONOUR_AWARD")
DEALINGS = (Fact.COUNTERPARTY, Fact.PORTFOLIO)
SECTORS = (None, "power", "coal")
LABELS = tuple(
    RecordLabel(tier=Tier.P, regions=regions, valid_from=date(2026, 1, 1), valid_to=None)
    for regions in ((), ("51",), ("5101",), ("11",), ("51", "5101"))
)
KINDS = ("CreditSubject", "Penalty", "Grade", "SupplierSanction")


@pytest.fixture(scope="session")
def table(ground) -> GuardTable:
    """A few coordinates of a few kinds, so that every row of every shape can be tried one by one."""
    whole = ground.table
    kinds = {kind: dict(list(whole.kinds[kind].items())[:6]) for kind in KINDS}
    kinds["Grade"]["score"] = whole.kinds["Grade"]["score"]
    kinds["Penalty"] |= {name: whole.kinds["Penalty"][name] for name in ("facts", "legal_representative")}
    kinds["SupplierSanction"]["cause"] = whole.kinds["SupplierSanction"]["cause"]
    return replace(
        whole,
        kinds=kinds,
        categories={kind: whole.categories[kind] for kind in KINDS},
        by_coordinate={entry.coordinate: entry for entries in kinds.values() for entry in entries.values()},
    )


def asker(actor=ActorKind.GC, **more):
    usual = {"organisation": "ORG-1", "ceiling": Tier.I, "regions": frozenset(), "purposes": frozenset(PURPOSES)}
    return Asker(**{**usual, "actor": actor, **more})


def department(**more):
    return asker(ActorKind.LD, **{"ceiling": Tier.G, "regions": frozenset({"51"}), **more})


def give(category=Category.C14, **more):
    usual = {"id": "G-1", "purpose": "PROCUREMENT_CHECK", "tier": Tier.I, "valid_from": "1", "valid_to": "2"}
    return Grant(**{**usual, "category": category, **more})


def sides(policy, after=None, **askers):
    """The same askers before and after, under *policy* and then *after*."""
    return Side(policy=policy, askers=askers), Side(policy=after or policy, askers=askers)


def changed(table, before, after):
    return {(each.partner, each.purpose, each.coordinate): each for each in simulate(table, before, after).changes()}


def rows(kind, categories):
    """Every row of *kind* that the road could meet, as far as anything decides by it, but for the tier of its own."""
    owners = ((None, None), ("ORG-1", None), (None, "ORG-2"), ("ORG-1", "ORG-2"))
    for category, subject, source, place in product(categories, SUBJECTS, SOURCES, PLACES):
        for owner, published, sector in product(owners, (False, True), SECTORS):
            record = SimpleNamespace(
                kind=kind,
                subject=subject,
                region=place,
                owner=owner[0],
                authority=owner[1],
                published=published,
                provenance=SimpleNamespace(source=source),
            )
            tier = loosest_tier(category, published=published)
            yield record, Placement(state=PublicityState.PUBLISHED, category=category, tier=tier), sector


def classes(table, deciders, kind):
    """What each row is to the asker before and after: as the road classifies it, and with whom it deals besides."""
    codes = {each.standing.organisation for each in deciders if each is not None}
    dealings = [frozenset(some) for some in ((), (Fact.COUNTERPARTY,), (Fact.PORTFOLIO,), tuple(DEALINGS))]
    found = set()
    for (record, placement, sector), label in product(rows(kind, table.categories[kind]), LABELS):
        both = [
            None
            if each is None or placement.category not in each.policy.tiers
            else row_class(each.policy, each.standing, record, labelled(placement, label, each.standing), sector)
            for each in deciders
        ]
        found.add(tuple(both))
    return {
        (bearing(tier, dealing(one, with_one, deciders[0])), bearing(tier, dealing(other, with_other, deciders[1])))
        for one, other in found
        for tier in Tier
        for with_one, with_other in product(dealings, dealings)
        if len(codes) > 1 or with_one == with_other
    }


def bearing(tier, judged):
    return judged and replace(judged, tier=join((judged.tier, tier)))


def dealing(judged, facts, decider):
    if judged is None or decider.standing.organisation is None:
        return judged
    return replace(judged, facts=judged.facts | facts)


def shown(decider, table, kind, judged):
    """What the road shows of the row and of its fields: name -> decision."""
    nothing = Denied(rule="nothing", required_tier=Tier.R)
    names = [kind, *(entry.coordinate for entry in table.kinds[kind].values())]
    if judged is None:
        return dict.fromkeys(names, nothing)
    existence = decider.row(judged)
    decisions = decider.cells(judged).values() if is_listed(existence) else [nothing] * (len(names) - 1)
    return dict(zip(names, (existence, *decisions), strict=True))


def brute(table, before, after):
    """Try everything: every partner, purpose, context and row, on the road's own classifier and decider."""
    found = set()
    purposes = before.policy.purposes.keys() | after.policy.purposes.keys()
    for name, purpose in product(before.askers.keys() | after.askers.keys(), purposes):
        rules = [side.policy.purposes[purpose] for side in (before, after) if purpose in side.policy.purposes]
        asked = sorted({"matterCode", "caseId"}.union(*(rule.requires for rule in rules)))
        consents = [each for side in (before, after) if name in side.askers for each in side.askers[name].consents]
        for named, kind in product({None, *consents}, table.kinds):
            met = classes(table, [decider(side, name, (purpose, (), named), table) for side in (before, after)], kind)
            for said in product((False, True), repeat=len(asked)):
                stated = [key for key, is_said in zip(asked, said, strict=True) if is_said]
                deciders = [decider(side, name, (purpose, stated, named), table) for side in (before, after)]
                every = [
                    {judged: shown(each, table, kind, judged) for judged in {pair[side] for pair in met}}
                    for side, each in enumerate(deciders)
                ]
                for was, now in {(id(every[0][one]), id(every[1][other])): (every[0][one], every[1][other])
                                 for one, other in met}.values():  # fmt: skip
                    found |= {(name, purpose, each) for each in was if not is_shown_alike(was[each], now[each])}
    return found


def decider(side, name, asking, table):
    """As the road makes one: where the purpose must name a consent, that one alone counts."""
    purpose, stated, named = asking
    if name not in side.askers:
        return None
    standing = side.askers[name].asking(side.policy, purpose, stated)
    rule = side.policy.purposes.get(purpose)
    if rule is not None and "consent" in rule.requires:
        standing = replace(standing, consents=tuple(each for each in standing.consents if each == named))
    return Decider(side.policy, standing, table)


class TestExactly:
    """
    Against brute force over the road's own `row_class` and `Decider`: no cell too many, none too few.
    """

    @pytest.mark.parametrize("number", range(10))
    def test_the_cells_that_change_are_reported(self, number, table, seed):
        dice = Random(number)  # noqa: S311
        small = [kind for kind in KINDS if kind in dice.sample(KINDS, 1)]
        some = replace(
            table,
            kinds={kind: table.kinds[kind] for kind in small},
            by_coordinate={e.coordinate: e for kind in small for e in table.kinds[kind].values()},
        )
        purpose = dice.choice(PURPOSES)
        before, after = (random_side(dice, seed, some, purpose) for _ in range(2))
        luck = dice.random()
        if luck < 0.4:
            after = replace(after, askers=before.askers)
        elif luck < 0.7:
            after = replace(before, askers={"one": like(dice, before.askers["one"], after.askers["one"])})

        assert brute(some, before, after) == set(changed(some, before, after))


def random_side(dice, seed, table, purpose):
    policy = random_policy(dice, seed)
    rule = policy.purposes[purpose]
    if dice.random() < 0.3:
        rule = replace(rule, requires=(*rule.requires, "extra"))
    if dice.random() < 0.2:
        rule = replace(rule, needs_always=frozenset({dice.choice(list(Fact))}))
    fields = {
        name: FieldLabel(tier=dice.choice((Tier.P, Tier.P, Tier.I, Tier.R)), mask=dice.choice((None, None, Mask.M4)))
        for name in table.by_coordinate
        if dice.random() < 0.95
    }
    actor = dice.choice(list(ActorKind))
    return Side(
        policy=replace(policy, purposes={purpose: rule}, fields=fields), askers={"one": random_asker(dice, actor)}
    )


def random_asker(dice, actor):
    grants = [
        give(
            dice.choice((Category.C05, Category.C11, Category.C14)),
            subject=dice.choice((None, "SUBJECT", "ORG-1")),
            source=dice.choice((None, "SOURCE")),
            coordinates=frozenset(dice.sample(("Penalty.facts", "Grade.score", "Grade.scheme"), dice.choice((0, 1)))),
            tier=dice.choice((Tier.S, Tier.R)),
            purpose=dice.choice(PURPOSES),
        )
        for _ in range(dice.choice((0, 1, 2)))
    ]
    consents = [
        Consent(
            subject=dice.choice(("SUBJECT", "ORG-2")),
            items=frozenset(dice.sample(list(Category), 8)),
            purpose=dice.choice(PURPOSES),
            valid_from="1",
            valid_to="2",
        )
        for _ in range(dice.choice((0, 1, 2)))
    ]
    return Asker(
        actor=actor,
        organisation=dice.choice(ORGANISATIONS),
        ceiling=dice.choice((Tier.P, Tier.I, Tier.G, Tier.R)),
        regions=frozenset(dice.sample(("", "51", "5101"), dice.choice((0, 1)))),
        purposes=frozenset(dice.sample(PURPOSES, 5)),
        sectors=frozenset(dice.sample(("power", "coal"), dice.choice((0, 0, 1)))),
        consents=tuple(consents),
        grants=tuple(grants),
    )


def like(dice, one, other):
    """*one* with some members of *other*: a partner changes in a few ways at a time."""
    members = ("organisation", "ceiling", "regions", "sectors", "purposes", "grants")
    return replace(one, **{name: getattr(other, name) for name in dice.sample(members, dice.choice((1, 2)))})


class TestNothing:
    def test_changes_between_a_policy_and_itself(self, ground, seed):
        simulation = simulate(ground.table, *sides(seed, one=asker(), two=department()))

        assert (0, ()) == (simulation.count, simulation.groups)

    def test_changes_where_only_the_name_of_a_line_does(self, table, seed):
        renamed = tuple(replace(each, id=f"{each.id}.again") for each in seed.cells)

        assert {} == changed(table, *sides(seed, replace(seed, cells=renamed), one=asker()))

    def test_changes_for_an_operator(self, table, seed):
        assert {} == changed(table, *sides(seed, replace(seed, cells=()), one=asker(ActorKind.OP)))

    def test_changes_by_a_grant_under_another_purpose(self, table, seed):
        before = Side(policy=seed, askers={"one": asker()})
        after = replace(before, askers={"one": asker(grants=(give(purpose="FINANCING"),))})

        assert {} == changed(table, before, after)


class TestPolicy:
    def test_a_prohibition_closes_every_cell_that_was_open(self, table, seed):
        """A line against GC on C05 is told cell by cell, with what was and what would be decided."""
        after = replace(seed, cells=(*seed.cells, cell("stop", permit=False)))
        found = changed(table, *sides(seed, after, group=asker(), other=department()))

        assert {"group"} == {partner for partner, _, _ in found}
        assert {Turn.CLOSES} == {each.turn for each in found.values()}
        case = found["group", "PROCUREMENT_CHECK", "Penalty"].cases[0]
        assert (Clear(rule="C05.PU"), Denied(rule="C05.GC.stop", required_tier=Tier.P)) == (case.before, case.after)
        assert (Category.C05, ("lot", "stage", "tender"), frozenset()) == (case.category, case.context, case.facts)

    def test_a_mask_on_a_field_is_told_for_that_field_alone(self, table, seed):
        fields = {**seed.fields, "Penalty.facts": FieldLabel(tier=Tier.P, mask=Mask.M4)}
        found = changed(table, *sides(seed, replace(seed, fields=fields), one=department()))

        assert {"Penalty.facts"} == {coordinate for _, _, coordinate in found}
        assert Masked(rule="C05.PU", mask=Mask.M4) in {each.after for one in found.values() for each in one.cases}

    def test_an_unclassified_field_is_told(self, table, seed):
        fields = {name: label for name, label in seed.fields.items() if name != "Penalty.facts"}
        found = changed(table, *sides(seed, replace(seed, fields=fields), one=department()))

        assert "catalogue.unclassified" == found["one", "SUPERVISION", "Penalty.facts"].cases[0].after.rule

    def test_a_purpose_that_asks_for_more_context_is_told(self, table, seed):
        rule = seed.purposes["SUPERVISION"]
        purposes = {**seed.purposes, "SUPERVISION": replace(rule, requires=("task", "warrant"))}
        found = changed(table, *sides(seed, replace(seed, purposes=purposes), one=department()))

        assert {"SUPERVISION"} == {purpose for _, purpose, _ in found}
        assert {"purpose.context"} == {each.after.rule for one in found.values() for each in one.cases}

    def test_the_facts_are_told_under_which_a_cell_changes(self, table, seed):
        """OD reads C07 only within its region and with a matter code: so the line's end shows only there."""
        after = replace(seed, cells=tuple(each for each in seed.cells if each.id != "C07.LD.matter"))
        case = changed(table, *sides(seed, after, one=department()))["one", "SUPERVISION", "Penalty"].cases[0]

        assert (frozenset({Fact.IN_REGION}), True) == (case.facts, "matterCode" in case.context)
        assert (Clear(rule="C07.LD.matter"), Masked(rule="C07.LD", mask=Mask.M7)) == (case.before, case.after)


class TestPartner:
    def test_a_grant_opens_what_it_names(self, table, seed):
        before = Side(policy=seed, askers={"one": asker()})
        after = replace(
            before, askers={"one": asker(grants=(give(coordinates=frozenset({"SupplierSanction.cause"})),))}
        )
        found = changed(table, before, after)

        assert {Turn.OPENS} == {each.turn for each in found.values()}
        assert {"PROCUREMENT_CHECK"} == {purpose for _, purpose, _ in found}

    def test_a_grant_that_ends_closes_again(self, table, seed):
        with_grant = Side(policy=seed, askers={"one": asker(grants=(give(),))})
        found = changed(table, with_grant, replace(with_grant, askers={"one": asker()}))

        assert {Turn.CLOSES} == {each.turn for each in found.values()}
        assert {Fact.GRANTED} <= found["one", "PROCUREMENT_CHECK", "SupplierSanction"].cases[0].facts

    def test_a_grant_from_another_source_opens_and_closes(self, table, seed):
        before = Side(policy=seed, askers={"one": asker(grants=(give(source="SOURCE"),))})
        after = replace(before, askers={"one": asker(grants=(give(source="ELSEWHERE"),))})

        assert Turn.BOTH is changed(table, before, after)["one", "PROCUREMENT_CHECK", "SupplierSanction"].turn

    def test_a_smaller_region_closes_what_lies_outside(self, table, seed):
        before = Side(policy=seed, askers={"one": department()})
        after = replace(before, askers={"one": department(regions=frozenset({"5101"}))})
        case = changed(table, before, after)["one", "SUPERVISION", "Penalty"].cases[0]

        assert (True, False) == (Fact.IN_REGION in case.facts, Fact.IN_REGION in case.facts_after)

    def test_a_compartment_on_a_row_is_told_of(self, table, seed):
        """Nothing in the matrix asks for a group's region; a label that officers laid on some row does."""
        before = Side(policy=seed, askers={"one": asker(regions=frozenset({""}))})
        after = replace(before, askers={"one": asker(regions=frozenset({"51"}))})
        case = changed(table, before, after)["one", "PROCUREMENT_CHECK", "Penalty"].cases[0]

        assert (False, True) == (case.away, case.away_after)
        assert Tier.R is case.after.required_tier

    def test_a_sector_closes_what_lies_in_another(self, table, seed):
        before = Side(policy=seed, askers={"one": department()})
        after = replace(before, askers={"one": department(sectors=frozenset({"power"}))})
        case = changed(table, before, after)["one", "SUPERVISION", "Penalty"].cases[0]

        assert (True, False) == (Fact.IN_REGION in case.facts, Fact.IN_REGION in case.facts_after)

    def test_a_higher_ceiling_opens(self, table, seed):
        before = Side(policy=seed, askers={"one": asker(ceiling=Tier.P)})
        found = changed(table, before, replace(before, askers={"one": asker(ceiling=Tier.I)}))

        assert {Turn.OPENS} == {each.turn for each in found.values()}

    def test_a_purpose_taken_away_closes(self, table, seed):
        before = Side(policy=seed, askers={"one": asker()})
        after = replace(before, askers={"one": asker(purposes=frozenset(PURPOSES) - {"PROCUREMENT_CHECK"})})
        found = changed(table, before, after)

        assert {"PROCUREMENT_CHECK"} == {purpose for _, purpose, _ in found}
        assert {"purpose.not_allowed"} == {each.after.rule for one in found.values() for each in one.cases}

    def test_a_new_partner_opens_what_it_may_read(self, table, seed):
        before = Side(policy=seed, askers={})
        found = changed(table, before, replace(before, askers={"one": asker()}))

        assert {Turn.OPENS} == {each.turn for each in found.values()}
        assert ("one", "FINANCING", "SupplierSanction") not in found
        assert "partner.absent" == found["one", "PUBLIC_LOOKUP", "Penalty"].cases[0].before.rule


class TestStopping:
    def test_what_go_on_raises_ends_the_work(self, table, seed):
        class StopError(Exception):
            pass

        def stop():
            raise StopError

        with pytest.raises(StopError):
            simulate(table, *sides(seed, one=asker()), go_on=stop)
