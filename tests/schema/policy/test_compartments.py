"""What the matrix rests on (DOMAIN 13.1, 13.2): regions, consents, ownership, ceilings, and who reads no content."""

from dataclasses import replace

import pytest

from schema.policy.model import ActorKind, Fact
from schema.tiers import Tier
from tests.schema.policy.asking import Askers


class TestCompartments:
    @pytest.mark.parametrize("category", ["C06", "C07", "C16", "C17", "C18", "C19"])
    def test_a_row_out_of_a_departments_region_is_not_there(self, askers: Askers, category: str):
        """What the public may not see, a department sees in its own region only."""
        stranger = askers.department.without(Fact.IN_REGION).saying(matterCode="M-1", caseId="C-1")

        assert "x" == stranger.row(category)

    @pytest.mark.parametrize("category", ["C06", "C16", "C17", "C18", "C19"])
    def test_a_row_out_of_a_branchs_region_is_not_there(self, askers: Askers, category: str):
        assert "x" == askers.branch.without(Fact.IN_REGION).row(category)

    def test_out_of_its_region_a_department_is_the_public(self, askers: Askers):
        """It falls back to what everybody sees, with everybody's masks."""
        stranger = askers.department.without(Fact.IN_REGION)

        assert ("m0", "m4") == stranger.both("C05", "m4")
        assert "m1" == stranger.value("C02", mask="m1")

    def test_another_department_without_a_matter_code_is_the_public(self, askers: Askers):
        """13.2: OD only with a matter code."""
        idle = askers.of(ActorKind.OD)

        assert ("m0", "m4") == idle.both("C05", "m4")
        assert ["x"] * 6 == [idle.row(category) for category in ("C06", "C07", "C16", "C17", "C18", "C19")]

    def test_consent_is_of_no_use_to_those_who_have_no_consent_column(self, askers: Askers):
        """A department, an association or the public with a consent in hand reads no trade secret."""
        for asker in (askers.public, askers.department, askers.branch, askers.association, askers.power_company):
            assert "x" == asker.knowing(Fact.CONSENT).row("C15")

    def test_a_bank_without_consent_is_the_public(self, askers: Askers):
        bank = askers.bank.without(Fact.CONSENT)

        assert ("m0", "m4") == bank.both("C05", "m4")
        assert ["x", "x", "x"] == [bank.row("C10", tier="G"), bank.row("C15"), bank.row("C16")]

    def test_a_source_may_take_the_consent_route_away(self, askers: Askers):
        """The suffix -CON: the same row, and no authority of the subject opens it."""
        assert "m0" == askers.group_with_consent.row("C06", tier="G")
        assert "x" == askers.group_with_consent.row("C06", tier="G-CON")

    def test_a_power_company_reads_the_arrears_it_reported_and_no_others(self, askers: Askers):
        assert "x" == askers.power_company.row("C16")
        assert "m0" == askers.power_company.knowing(Fact.OWN_SOURCE).value("C16", mask="m3")

    def test_a_platform_reads_what_it_supplied_and_what_is_public(self, askers: Askers):
        """CP has no column of its own: no rule means no."""
        assert ["m0", "x", "x"] == [askers.platform.row(category) for category in ("C05", "C06", "C16")]
        assert "m0" == askers.platform.knowing(Fact.OWN_SOURCE).row("C06")

    def test_a_stranger_is_not_the_subject(self, askers: Askers):
        stranger = askers.subject.without(Fact.OWN_SUBJECT)

        assert ["x"] * 6 == [stranger.row(category) for category in ("C06", "C07", "C08", "C15", "C16", "C19")]

    def test_a_group_reads_itself_as_a_subject_only_where_it_asks_as_one(self, askers: Askers):
        """Its own arrears under SELF_QUERY; in the middle of other work its own rows are like anybody's."""
        about_itself = askers.group.knowing(Fact.OWN_SUBJECT)

        assert "x" == about_itself.row("C16")
        assert "m0" == about_itself.asking_for("SELF_QUERY").row("C16")


class TestTiersOfRows:
    def test_a_row_labelled_for_government_leaves_the_public_and_industry(self, askers: Askers):
        """A record's own disclosure attribute is stricter than its category: the stricter wins."""
        assert "x" == askers.public.row("C05", tier="G")
        assert "x" == askers.group.row("C05", tier="G")
        assert "x" == askers.association.row("C05", tier="G")
        assert "m0" == askers.department.row("C05", tier="G")

    def test_a_row_labelled_restricted_is_left_with_its_own(self, askers: Askers):
        for asker in (askers.public, askers.group_with_consent, askers.department, askers.branch, askers.bank):
            assert "x" == asker.row("C05", tier="R")
        assert "m0" == askers.subject.row("C05", tier="R")
        assert "m0" == askers.platform.knowing(Fact.OWN_SOURCE).row("C05", tier="R")

    def test_a_ceiling_below_the_actors_usual_one_holds(self, askers: Askers):
        """A department that was given ceiling S reads shared rows and no government ones."""
        lowered = replace(askers.department, standing=replace(askers.department.standing, ceiling=Tier.S))

        assert "m0" == lowered.row("C16")
        assert "x" == lowered.row("C06")
        assert "tier.ceiling" == lowered.rule("C06")

    def test_a_ceiling_does_not_bound_consent_and_ownership(self, askers: Askers):
        """A bank's ceiling is P; the subject's authority takes it to A."""
        assert Tier.P == askers.bank.standing.ceiling
        assert "m0" == askers.bank.row("C15")
        assert "m0" == askers.subject.row("C08")


class TestNoContent:
    @pytest.mark.parametrize("actor", [ActorKind.OP, ActorKind.AU])
    def test_operator_and_auditor_read_nothing_whatever_they_know(self, askers: Askers, actor: ActorKind):
        """三员分立: none reads business content by role alone, not even what is public."""
        insider = askers.of(actor).knowing(*Fact).saying(matterCode="M-1", caseId="C-1")

        assert ["x"] * 20 == [insider.row(f"C{number:02}") for number in range(1, 21)]
        assert "actor.no_content" == insider.rule("C01")
