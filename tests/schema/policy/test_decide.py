from dataclasses import replace

import pytest

from schema.catalogue.model import Category, Mask
from schema.policy.decide import missing_context, possible_facts
from schema.policy.model import (
    ActorKind,
    Cell,
    Consent,
    Denied,
    Fact,
    Masked,
    Policy,
    Reader,
)
from schema.tiers import Audience, Tier
from tests.schema.policy.asking import Askers, cell
from tests.support.people import grant


def with_cells(policy: Policy, *cells: Cell) -> Askers:
    """Askers before a matrix that holds these cells and no other."""
    return Askers(replace(policy, cells=cells))


def in_front_of(policy: Policy, *cells: Cell) -> Askers:
    """Askers before the whole matrix with these cells added at its end."""
    return Askers(replace(policy, cells=(*policy.cells, *cells)))


class TestNoRule:
    @pytest.mark.parametrize("actor", [actor for actor in ActorKind if actor not in (ActorKind.OP, ActorKind.AU)])
    def test_an_empty_matrix_shows_nothing_to_anyone(self, matrix: Policy, actor: ActorKind):
        """No rule means no, even for registration data and for one's own."""
        asker = with_cells(matrix).of(actor).knowing(*Fact)

        assert ["x"] * 20 == [asker.row(category) for category in Category]
        assert "matrix.none" == asker.rule("C01")

    def test_a_cell_for_others_is_no_rule(self, matrix: Policy):
        askers = with_cells(matrix, cell("only"))

        assert "m0" == askers.group.row("C05")
        assert "matrix.none" == askers.public.rule("C05")
        assert "matrix.none" == askers.group.rule("C04")

    def test_a_cell_whose_facts_do_not_hold_is_no_rule(self, matrix: Policy):
        askers = with_cells(matrix, cell("own", needs=frozenset({Fact.OWN_SOURCE})))

        assert "matrix.none" == askers.group.rule("C05")
        assert "m0" == askers.group.knowing(Fact.OWN_SOURCE).row("C05")

    def test_a_cell_that_excepts_the_field_is_no_rule_for_it(self, matrix: Policy):
        askers = with_cells(matrix, cell("most", except_fields=frozenset({"Penalty.facts"})))

        assert "m0" == askers.group.row("C05")
        assert "m0" == askers.group.value("C05", coordinate="Penalty.fineAmount")
        assert "matrix.none" == askers.group.rule("C05", coordinate="Penalty.facts")


class TestDenyOverrides:
    def test_one_prohibition_beats_every_permission(self, matrix: Policy):
        """A group with consent, its own row, a grant: the prohibition names itself and stands."""
        askers = in_front_of(matrix, cell("stop", permit=False))
        rich = askers.group.knowing(*Fact)

        assert "x" == rich.row("C05")
        assert "C05.GC.stop" == rich.rule("C05")
        assert "C05.GC.stop" == rich.rule("C05", coordinate="Penalty.facts")

    def test_it_stands_wherever_it_is_written(self, matrix: Policy):
        first = Askers(replace(matrix, cells=(cell("stop", permit=False), *matrix.cells)))

        assert "C05.GC.stop" == first.group.rule("C05")

    def test_it_holds_for_its_column_and_category_only(self, matrix: Policy):
        askers = in_front_of(matrix, cell("stop", permit=False))

        assert "m0" == askers.public.row("C05")
        assert "m0" == askers.department.row("C05")
        assert "m0" == askers.group.row("C04")

    def test_it_asks_for_no_facts(self, matrix: Policy):
        """Out of its region or in it: more knowledge must not mean less access, so less means no more either."""
        askers = in_front_of(matrix, cell("stop", reader="LD", permit=False, needs=frozenset({Fact.CASE_ID})))

        assert "C05.LD.stop" == askers.department.rule("C05")
        assert "C05.LD.stop" == askers.department.without(Fact.IN_REGION).rule("C05")

    def test_it_may_leave_a_field_out(self, matrix: Policy):
        askers = in_front_of(matrix, cell("stop", permit=False, except_fields=frozenset({"Penalty.facts"})))

        assert "m0" == askers.group.value("C05", coordinate="Penalty.facts")
        assert "x" == askers.group.value("C05", coordinate="Penalty.fineAmount")
        assert "x" == askers.group.row("C05")

    def test_it_is_bound_to_its_columns_purposes(self, matrix: Policy):
        """A prohibition in the subject's column says nothing of a group that asks as a group."""
        askers = in_front_of(matrix, cell("stop", reader="SU", permit=False))

        assert "x" == askers.group.knowing(Fact.OWN_SUBJECT).asking_for("SELF_QUERY").row("C05")
        assert "m0" == askers.group.knowing(Fact.OWN_SUBJECT).row("C05")

    def test_a_cell_without_a_column_is_no_policy(self, matrix: Policy):
        """A prohibition that names an unknown column would hold for nobody: such a policy cannot be made."""
        with pytest.raises(ValueError, match=r"C05\.TYPO\.stop: got reader 'TYPO'"):
            in_front_of(matrix, cell("stop", reader="TYPO", permit=False))


class TestMostOpen:
    def test_whole_beats_masked_in_either_order(self, matrix: Policy):
        whole, masked = cell("whole"), cell("masked", masks=frozenset({Mask.M4}))

        assert "m0" == with_cells(matrix, whole, masked).group.value("C05", mask="m4")
        assert "m0" == with_cells(matrix, masked, whole).group.value("C05", mask="m4")

    def test_a_mask_beats_a_count(self, matrix: Policy):
        counted, masked = cell("count", masks=frozenset({Mask.M6})), cell("masked", masks=frozenset({Mask.M4}))

        assert ("m0", "m4") == with_cells(matrix, counted, masked).group.both("C05", "m4")

    def test_a_count_beats_a_yes_or_no_in_either_order(self, matrix: Policy):
        counted, told = cell("count", masks=frozenset({Mask.M6})), cell("told", masks=frozenset({Mask.M7}))

        assert "m6" == with_cells(matrix, counted, told).group.row("C05")
        assert "m6" == with_cells(matrix, told, counted).group.row("C05")

    def test_a_count_shows_no_field(self, matrix: Policy):
        """Not even one that no mask fits."""
        askers = with_cells(matrix, cell("count", masks=frozenset({Mask.M6})))

        assert "x" == askers.group.value("C05")
        assert "x" == askers.group.value("C05", mask="m6")
        assert "matrix.count_only" == askers.group.rule("C05", coordinate="Penalty.facts")

    def test_a_cell_that_asks_for_other_masks_shows_the_field_whole(self, matrix: Policy):
        askers = with_cells(matrix, cell("masked", masks=frozenset({Mask.M4, Mask.M5})))

        assert ["m4", "m5", "m0", "m0"] == [askers.group.value("C05", mask=mask) for mask in ("m4", "m5", "m3", None)]

    def test_the_permission_names_itself(self, matrix: Policy):
        askers = with_cells(matrix, cell("one", masks=frozenset({Mask.M4})))

        assert "C05.GC.one" == askers.group.rule("C05")
        assert Masked(rule="C05.GC.one", mask=Mask.M4) == askers.group.on("C05", mask="m4", coordinate="Penalty.facts")


class TestTier:
    def test_the_columns_audience_must_be_among_the_labels_readers(self, matrix: Policy):
        askers = with_cells(matrix, cell("one"))

        assert Denied(rule="tier.audience", required_tier=Tier.G) == askers.group.on("C05", tier="G")

    def test_a_cell_may_stand_as_another_audience(self, matrix: Policy):
        askers = with_cells(matrix, cell("own", audience=Audience.OWN))

        assert "m0" == askers.group.row("C05", tier="R")

    def test_the_ceiling_bounds_the_audience(self, matrix: Policy):
        askers = with_cells(matrix, cell("state", audience=Audience.GOV))

        assert Denied(rule="tier.ceiling", required_tier=Tier.G) == askers.group.on("C05", tier="G")

    @pytest.mark.parametrize("tier", ["P-CON", "S-CON", "G-CON"])
    def test_a_government_ceiling_reaches_labels_without_the_consent_route(self, askers: Askers, tier: str):
        """The suffix takes consent away, and nothing from a body of state."""
        assert "m0" == askers.department.row("C05", tier=tier)

    def test_a_government_ceiling_does_not_reach_industry(self, matrix: Policy):
        """I and G are incomparable."""
        askers = with_cells(matrix, cell("odd", reader="LD", audience=Audience.IND))

        assert "tier.ceiling" == askers.department.rule("C05", tier="I")

    def test_the_nearest_refusal_is_named(self, matrix: Policy):
        """Of several reasons the one that came closest to a permission, whatever their order."""
        far, near = cell("far", audience=Audience.PUB), cell("near", audience=Audience.GOV)

        assert "tier.ceiling" == with_cells(matrix, far, near).group.rule("C05", tier="G")
        assert "tier.ceiling" == with_cells(matrix, near, far).group.rule("C05", tier="G")


class TestPurpose:
    def test_an_unknown_purpose_reads_nothing(self, seed: Policy):
        assert "purpose.unknown" == Askers(seed).group.asking_for("CURIOSITY").rule("C01")

    def test_a_purpose_that_is_not_the_standings_reads_nothing(self, seed: Policy):
        asker = Askers(seed).group
        sly = replace(asker, standing=replace(asker.standing, purpose="SUPERVISION", context=(("task", "T"),)))

        assert "purpose.not_allowed" == sly.rule("C01")

    def test_public_lookup_is_everybodys(self, seed: Policy):
        asker = Askers(seed).group
        bare = replace(asker, standing=replace(asker.standing, purpose="PUBLIC_LOOKUP", purposes=frozenset()))

        assert "m0" == bare.row("C01")

    @pytest.mark.parametrize("context", [{}, {"tender": "T"}, {"tender": "T", "lot": "1", "stage": ""}])
    def test_missing_or_empty_context_reads_nothing(self, seed: Policy, context: dict[str, str]):
        asker = Askers(seed).group.asking_for("PROCUREMENT_CHECK", **context)

        assert "purpose.context" == asker.rule("C01")

    def test_blank_context_is_missing(self, seed: Policy):
        asker = Askers(seed).group.asking_for("PROCUREMENT_CHECK", tender="T", lot=" \t", stage="S5")

        assert "purpose.context" == asker.rule("C01")
        assert ("lot",) == missing_context(seed.purposes["PROCUREMENT_CHECK"], asker.standing)

    def test_a_category_the_purpose_does_not_read_is_refused_to_whoever_may_read_it(self, seed: Policy):
        """A group's own performance records are none of a procurement check."""
        asker = Askers(seed).group.knowing(Fact.OWN_SOURCE)

        assert "purpose.category" == asker.asking_for("PROCUREMENT_CHECK", tender="T", lot="1", stage="S5").rule("C15")

    def test_facts_the_purpose_asks_for_must_hold(self, seed: Policy):
        """Financing reads arrears by consent: being the source is not enough."""
        financing = Askers(seed).bank.knowing(Fact.OWN_SOURCE).asking_for("FINANCING", consent="A-1")

        assert "m0" == financing.row("C16")
        assert "purpose.needs" == financing.without(Fact.CONSENT).rule("C16")

    def test_facts_for_every_category_must_hold(self, seed: Policy):
        """A self query is about oneself: not even what is public about others."""
        stranger = Askers(seed).subject.without(Fact.OWN_SUBJECT)

        assert "purpose.needs" == stranger.rule("C01")

    @pytest.mark.parametrize("tier", [tier.value for tier in Tier if tier is not Tier.P])
    def test_public_lookup_reads_labels_everyone_may_read_and_no_other(self, seed: Policy, tier: str):
        """Whoever asks, and P-CON is not for everyone."""
        for asker in (Askers(seed).public, Askers(seed).department, Askers(seed).group.knowing(*Fact)):
            assert "purpose.tier" == asker.asking_for("PUBLIC_LOOKUP").rule("C05", tier=tier)

    def test_the_first_refusal_is_named(self, seed: Policy):
        """Purpose before matrix, so that what a matrix holds does not show through a wrong purpose."""
        asker = Askers(seed).public.asking_for("PROCUREMENT_CHECK")

        assert "purpose.context" == asker.rule("C15")


class TestContextFacts:
    def test_a_caller_cannot_assert_a_matter_code_it_did_not_state(self, askers: Askers):
        """Only the purpose's context makes these facts, whatever the caller of `decide` hands in."""
        department = askers.department.knowing(Fact.MATTER_CODE, Fact.CASE_ID)

        assert "m7" == department.row("C07")
        assert "x" == department.row("C17")

    @pytest.mark.parametrize("value", ["", "  "])
    def test_an_empty_matter_code_is_none(self, askers: Askers, value: str):
        assert "m7" == askers.department.saying(matterCode=value).row("C07")
        assert "x" == askers.department.saying(caseId=value).row("C17")


class TestPossibleFacts:
    def test_the_public_can_only_come_upon_what_is_published(self, seed: Policy):
        assert frozenset({Fact.PUBLISHED}) == possible_facts(seed, Askers(seed).public.standing)

    def test_an_organisation_has_a_subject_sources_counterparties_and_a_portfolio(self, seed: Policy):
        expected = {Fact.PUBLISHED, Fact.OWN_SUBJECT, Fact.OWN_SOURCE, Fact.COUNTERPARTY, Fact.PORTFOLIO}

        assert expected == possible_facts(seed, Askers(seed).group.standing)

    def test_a_region_a_matter_and_a_case_are_possible_where_they_are_stated(self, seed: Policy):
        department = Askers(seed).department.saying(matterCode="M", caseId="C").standing

        assert {Fact.IN_REGION, Fact.MATTER_CODE, Fact.CASE_ID} <= possible_facts(seed, department)
        assert Fact.IN_REGION not in possible_facts(seed, replace(department, regions=frozenset()))
        assert Fact.MATTER_CODE not in possible_facts(seed, replace(department, context=()))

    def test_a_consent_for_another_purpose_is_none(self, seed: Policy):
        held = Consent(
            subject="S",
            items=frozenset({Category.C15}),
            purpose="FINANCING",
            valid_from="2026-11-01",
            valid_to="2026-11-30",
        )
        bank = replace(Askers(seed).bank.standing, consents=(held,))

        assert Fact.CONSENT not in possible_facts(seed, bank)
        assert Fact.CONSENT in possible_facts(seed, replace(bank, purpose="FINANCING"))

    def test_a_grant_must_be_held(self, seed: Policy):
        group = Askers(seed).group.standing
        given = grant(Category.C14)

        assert Fact.GRANTED not in possible_facts(seed, group)
        assert Fact.GRANTED in possible_facts(seed, replace(group, grants=(given,)))

    def test_a_fact_no_rule_asks_for_is_left_out(self, seed: Policy):
        readers = {"PU": Reader(code="PU", actors=frozenset(ActorKind), audience=Audience.PUB, needs=frozenset())}
        bare = replace(seed, cells=(), purposes={}, readers=readers)

        assert frozenset() == possible_facts(bare, Askers(seed).group.standing)
