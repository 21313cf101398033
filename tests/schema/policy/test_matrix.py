"""
The access matrix of DOMAIN 13.3, one test per row and column by column, written from the paper and not from the seed.

`both(category, mask)` is (what becomes of the row, what becomes of a field that the mask fits); "m0" is shown whole.
"""

from schema.policy.model import Fact
from tests.schema.policy.asking import Askers

SHOWN = ("m0", "m0")
REFUSED = ("x", "x")


class TestRows:
    def test_c01_registration_base_is_everybodys(self, askers: Askers):
        """Name, code and state of an organisation are open to every column."""
        assert SHOWN == askers.public.both("C01", "m4")
        assert SHOWN == askers.group.both("C01", "m4")
        assert SHOWN == askers.group_with_consent.both("C01", "m4")
        assert SHOWN == askers.department.both("C01", "m4")
        assert SHOWN == askers.other_department.both("C01", "m4")
        assert SHOWN == askers.branch.both("C01", "m4")
        assert SHOWN == askers.nea.both("C01", "m4")
        assert SHOWN == askers.association.both("C01", "m4")
        assert SHOWN == askers.bank.both("C01", "m4")
        assert SHOWN == askers.agency.both("C01", "m4")
        assert SHOWN == askers.subject.both("C01", "m4")

    def test_c02_legal_representative_is_a_family_name_to_public_and_association(self, askers: Askers):
        """张* for the public and the association, the whole name for whoever deals with the organisation."""
        assert "m1" == askers.public.value("C02", mask="m1")
        assert "m0" == askers.group.value("C02", mask="m1")
        assert "m0" == askers.group_with_consent.value("C02", mask="m1")
        assert "m0" == askers.department.value("C02", mask="m1")
        assert "m0" == askers.other_department.value("C02", mask="m1")
        assert "m0" == askers.branch.value("C02", mask="m1")
        assert "m0" == askers.nea.value("C02", mask="m1")
        assert "m1" == askers.association.value("C02", mask="m1")
        assert "m0" == askers.bank.value("C02", mask="m1")
        assert "m0" == askers.agency.value("C02", mask="m1")
        assert "m0" == askers.subject.value("C02", mask="m1")

    def test_c03_identity_numbers_reach_only_the_authority_and_the_subject_and_masked(self, askers: Askers):
        """R: nobody but the body that was given the number and the subject, and both see m2."""
        assert "x" == askers.public.value("C03", mask="m2")
        assert "x" == askers.group.value("C03", mask="m2")
        assert "x" == askers.group.knowing(Fact.OWN_SOURCE).value("C03", mask="m2")
        assert "x" == askers.group_with_consent.value("C03", mask="m2")
        assert "x" == askers.department.value("C03", mask="m2")
        assert "x" == askers.department.knowing(Fact.OWN_SOURCE).value("C03", mask="m2")
        assert "x" == askers.other_department.value("C03", mask="m2")
        assert "x" == askers.branch.value("C03", mask="m2")
        assert "m2" == askers.branch.knowing(Fact.OWN_SOURCE).value("C03", mask="m2")
        assert "x" == askers.nea.value("C03", mask="m2")
        assert "m2" == askers.nea.knowing(Fact.OWN_SOURCE).value("C03", mask="m2")
        assert "x" == askers.association.value("C03", mask="m2")
        assert "x" == askers.bank.value("C03", mask="m2")
        assert "x" == askers.agency.value("C03", mask="m2")
        assert "m2" == askers.subject.value("C03", mask="m2")

    def test_c04_licences_are_public_with_free_text_redacted(self, askers: Askers):
        """m0,m4 for the public: whole, but for free text."""
        assert ("m0", "m4") == askers.public.both("C04", "m4")
        assert "m0" == askers.public.value("C04", mask="m5")
        assert SHOWN == askers.group.both("C04", "m4")
        assert SHOWN == askers.group_with_consent.both("C04", "m4")
        assert SHOWN == askers.department.both("C04", "m4")
        assert SHOWN == askers.other_department.both("C04", "m4")
        assert SHOWN == askers.branch.both("C04", "m4")
        assert SHOWN == askers.association.both("C04", "m4")
        assert SHOWN == askers.bank.both("C04", "m4")
        assert SHOWN == askers.agency.both("C04", "m4")
        assert SHOWN == askers.subject.both("C04", "m4")

    def test_c05_penalties_in_term_are_public_with_free_text_redacted(self, askers: Askers):
        """The public reads the facts of a penalty redacted; amounts and days whole; the others everything."""
        assert ("m0", "m4") == askers.public.both("C05", "m4")
        assert "m0" == askers.public.value("C05", mask="m3")
        assert SHOWN == askers.group.both("C05", "m4")
        assert SHOWN == askers.group_with_consent.both("C05", "m4")
        assert SHOWN == askers.department.both("C05", "m4")
        assert SHOWN == askers.other_department.both("C05", "m4")
        assert SHOWN == askers.branch.both("C05", "m4")
        assert SHOWN == askers.association.both("C05", "m4")
        assert SHOWN == askers.bank.both("C05", "m4")
        assert SHOWN == askers.agency.both("C05", "m4")
        assert SHOWN == askers.subject.both("C05", "m4")

    def test_c06_minor_penalties_are_for_the_state_and_by_consent_for_a_group(self, askers: Askers):
        """Not published: government reads it, a group only with the subject's authority, a bank not even then."""
        assert REFUSED == askers.public.both("C06", "m4")
        assert REFUSED == askers.group.both("C06", "m4")
        assert SHOWN == askers.group_with_consent.both("C06", "m4")
        assert SHOWN == askers.department.both("C06", "m4")
        assert SHOWN == askers.other_department.both("C06", "m4")
        assert SHOWN == askers.branch.both("C06", "m4")
        assert SHOWN == askers.nea.both("C06", "m4")
        assert REFUSED == askers.association.both("C06", "m4")
        assert REFUSED == askers.bank.both("C06", "m4")
        assert REFUSED == askers.agency.both("C06", "m4")
        assert SHOWN == askers.subject.both("C06", "m4")

    def test_c07_expired_penalties_are_told_of_and_opened_by_a_matter_code(self, askers: Askers):
        """A department is told that there is one; with a matter code it reads it. Consent opens nothing (G-CON)."""
        assert REFUSED == askers.public.both("C07", "m4")
        assert REFUSED == askers.group.both("C07", "m4")
        assert REFUSED == askers.group_with_consent.both("C07", "m4")
        assert ("m7", "x") == askers.department.both("C07", "m4")
        assert SHOWN == askers.department.saying(matterCode="M-1").both("C07", "m4")
        assert SHOWN == askers.other_department.both("C07", "m4")
        assert REFUSED == askers.branch.both("C07", "m4")
        assert SHOWN == askers.branch.knowing(Fact.OWN_SOURCE).both("C07", "m4")
        assert REFUSED == askers.nea.both("C07", "m4")
        assert SHOWN == askers.nea.knowing(Fact.OWN_SOURCE).both("C07", "m4")
        assert REFUSED == askers.association.both("C07", "m4")
        assert REFUSED == askers.bank.both("C07", "m4")
        assert REFUSED == askers.agency.both("C07", "m4")
        assert SHOWN == askers.subject.both("C07", "m4")

    def test_c08_repaired_penalties_stay_with_the_authoritys_archive_and_the_subject(self, askers: Askers):
        """Nobody else learns that there was one: no matter code, consent or grant opens it."""
        assert REFUSED == askers.public.both("C08", "m4")
        assert REFUSED == askers.group.both("C08", "m4")
        assert REFUSED == askers.group_with_consent.knowing(Fact.GRANTED).both("C08", "m4")
        assert REFUSED == askers.group.knowing(Fact.OWN_SOURCE).both("C08", "m4")
        assert REFUSED == askers.department.saying(matterCode="M-1", caseId="C-1").both("C08", "m4")
        assert REFUSED == askers.department.knowing(Fact.OWN_SOURCE).both("C08", "m4")
        assert REFUSED == askers.other_department.both("C08", "m4")
        assert REFUSED == askers.branch.both("C08", "m4")
        assert SHOWN == askers.branch.knowing(Fact.OWN_SOURCE).both("C08", "m4")
        assert REFUSED == askers.nea.both("C08", "m4")
        assert SHOWN == askers.nea.knowing(Fact.OWN_SOURCE).both("C08", "m4")
        assert REFUSED == askers.association.both("C08", "m4")
        assert REFUSED == askers.bank.both("C08", "m4")
        assert REFUSED == askers.agency.both("C08", "m4")
        assert SHOWN == askers.subject.both("C08", "m4")

    def test_c09_live_serious_list_entries_are_everybodys(self, askers: Askers):
        """Whoever is on a serious list is on it for everyone."""
        assert SHOWN == askers.public.both("C09", "m4")
        assert SHOWN == askers.group.both("C09", "m4")
        assert SHOWN == askers.group_with_consent.both("C09", "m4")
        assert SHOWN == askers.department.both("C09", "m4")
        assert SHOWN == askers.other_department.both("C09", "m4")
        assert SHOWN == askers.branch.both("C09", "m4")
        assert SHOWN == askers.association.both("C09", "m4")
        assert SHOWN == askers.bank.both("C09", "m4")
        assert SHOWN == askers.agency.both("C09", "m4")
        assert SHOWN == askers.subject.both("C09", "m4")

    def test_c10_each_watch_list_has_its_own_readers(self, askers: Askers):
        """W01 is P, W02 is G, W03 is I: the row's tier says which, the column what may be done with it."""
        w01, w02, w03 = "P", "G", "I"

        assert ["m0", "x", "x"] == [askers.public.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "x", "m0"] == [askers.group.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m7", "m0"] == [askers.group_with_consent.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m0", "x"] == [askers.department.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m0", "x"] == [askers.other_department.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m0", "x"] == [askers.branch.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "x", "m0"] == [askers.association.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m7", "m7"] == [askers.bank.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m7", "m7"] == [askers.agency.row("C10", tier=tier) for tier in (w01, w02, w03)]
        assert ["m0", "m0", "m0"] == [askers.subject.row("C10", tier=tier) for tier in (w01, w02, w03)]

    def test_c11_public_grade_is_public_only_where_its_evaluator_publishes_it(self, askers: Askers):
        """S, pushed to industry and government; P if published: then the public reads it too."""
        unpublished = "S"

        assert REFUSED == askers.public.both("C11", "m5", tier=unpublished)
        assert REFUSED == askers.public.both("C11", "m5")
        assert SHOWN == askers.public.knowing(Fact.PUBLISHED).both("C11", "m5")
        assert SHOWN == askers.group.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.group_with_consent.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.department.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.other_department.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.branch.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.association.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.bank.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.agency.both("C11", "m5", tier=unpublished)
        assert SHOWN == askers.subject.both("C11", "m5", tier=unpublished)

    def test_c12_the_grade_is_public_and_the_score_is_not(self, askers: Askers):
        """The certificate is P. The score, I, goes to a group with consent, the rating association, the subject."""
        grade, score = {"coordinate": "Grade.grade"}, {"coordinate": "Grade.score", "tier": "I"}

        assert ["m0", "m0", "x"] == [
            askers.public.row("C12"),
            *[askers.public.value("C12", **f) for f in (grade, score)],
        ]
        assert ["m0", "x"] == [askers.group.value("C12", **f) for f in (grade, score)]
        assert ["m0", "m0"] == [askers.group_with_consent.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.department.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.other_department.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.branch.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.association.value("C12", **f) for f in (grade, score)]
        own = askers.association.knowing(Fact.OWN_SOURCE)
        assert ["m0", "m0"] == [own.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.bank.value("C12", **f) for f in (grade, score)]
        assert ["m0", "x"] == [askers.agency.value("C12", **f) for f in (grade, score)]
        assert ["m0", "m0"] == [askers.subject.value("C12", **f) for f in (grade, score)]

    def test_c13_commitments_are_public_with_free_text_redacted(self, askers: Askers):
        """What an organisation promised, and whether it kept it."""
        assert ("m0", "m4") == askers.public.both("C13", "m4")
        assert SHOWN == askers.group.both("C13", "m4")
        assert SHOWN == askers.group_with_consent.both("C13", "m4")
        assert SHOWN == askers.department.both("C13", "m4")
        assert SHOWN == askers.other_department.both("C13", "m4")
        assert SHOWN == askers.branch.both("C13", "m4")
        assert SHOWN == askers.association.both("C13", "m4")
        assert SHOWN == askers.bank.both("C13", "m4")
        assert SHOWN == askers.agency.both("C13", "m4")
        assert SHOWN == askers.subject.both("C13", "m4")

    def test_c14_a_groups_sanctions_are_its_own_unless_it_says_otherwise(self, askers: Askers):
        """Own; others' by grant with the cause redacted; consent adds nothing; a bulletin opens them to departments."""
        assert REFUSED == askers.public.both("C14", "m4")
        assert REFUSED == askers.public.knowing(Fact.PUBLISHED).both("C14", "m4")
        assert REFUSED == askers.group.both("C14", "m4")
        assert SHOWN == askers.group.knowing(Fact.OWN_SOURCE).both("C14", "m4")
        assert ("m0", "m4") == askers.group.knowing(Fact.GRANTED).both("C14", "m4")
        assert REFUSED == askers.group_with_consent.both("C14", "m4")
        assert ("m0", "m4") == askers.group_with_consent.knowing(Fact.GRANTED).both("C14", "m4")
        assert REFUSED == askers.department.both("C14", "m4")
        assert SHOWN == askers.department.knowing(Fact.PUBLISHED).both("C14", "m4")
        assert REFUSED == askers.other_department.both("C14", "m4")
        assert SHOWN == askers.other_department.knowing(Fact.PUBLISHED).both("C14", "m4")
        assert REFUSED == askers.branch.both("C14", "m4")
        assert SHOWN == askers.branch.knowing(Fact.GRANTED).both("C14", "m4")
        assert REFUSED == askers.nea.both("C14", "m4")
        assert SHOWN == askers.nea.knowing(Fact.GRANTED).both("C14", "m4")
        assert ("m6", "x") == askers.association.both("C14", "m4")
        assert REFUSED == askers.bank.both("C14", "m4")
        assert REFUSED == askers.agency.both("C14", "m4")
        assert SHOWN == askers.subject.both("C14", "m4")

    def test_c15_performance_and_finance_are_trade_secrets(self, askers: Askers):
        """A: the source's own whole, with the subject's authority in bands, and no body of state at all."""
        assert REFUSED == askers.public.both("C15", "m3")
        assert REFUSED == askers.group.both("C15", "m3")
        assert SHOWN == askers.group.knowing(Fact.OWN_SOURCE).both("C15", "m3")
        assert ("m0", "m3") == askers.group_with_consent.both("C15", "m3")
        assert REFUSED == askers.department.saying(matterCode="M-1").both("C15", "m3")
        assert REFUSED == askers.other_department.both("C15", "m3")
        assert REFUSED == askers.branch.both("C15", "m3")
        assert REFUSED == askers.nea.both("C15", "m3")
        assert REFUSED == askers.association.both("C15", "m3")
        assert ("m0", "m3") == askers.bank.both("C15", "m3")
        assert ("m0", "m3") == askers.agency.both("C15", "m3")
        assert SHOWN == askers.subject.both("C15", "m3")

    def test_c16_arrears_are_a_yes_or_no_to_a_counterparty_and_bands_to_the_state(self, askers: Askers):
        """S: never public; a group learns only whether its counterparty has any, unless the subject authorises more."""
        assert REFUSED == askers.public.both("C16", "m3")
        assert REFUSED == askers.group.both("C16", "m3")
        assert ("m7", "x") == askers.group.knowing(Fact.COUNTERPARTY).both("C16", "m3")
        assert ("m0", "m3") == askers.group_with_consent.both("C16", "m3")
        assert ("m0", "m3") == askers.department.both("C16", "m3")
        assert ("m0", "m3") == askers.other_department.both("C16", "m3")
        assert ("m0", "m3") == askers.branch.both("C16", "m3")
        assert ("m0", "m3") == askers.nea.both("C16", "m3")
        assert ("m6", "x") == askers.association.both("C16", "m3")
        assert ("m0", "m3") == askers.bank.both("C16", "m3")
        assert ("m0", "m3") == askers.agency.both("C16", "m3")
        assert SHOWN == askers.subject.both("C16", "m3")

    def test_c17_theft_before_a_decision_is_bound_to_a_case(self, askers: Askers):
        """A department reads it only for a case; the regulator does; the subject is not told through the hub."""
        assert REFUSED == askers.public.both("C17", "m3")
        assert REFUSED == askers.group.both("C17", "m3")
        assert REFUSED == askers.group_with_consent.both("C17", "m3")
        assert REFUSED == askers.department.both("C17", "m3")
        assert REFUSED == askers.department.saying(matterCode="M-1").both("C17", "m3")
        assert SHOWN == askers.department.saying(caseId="C-1").both("C17", "m3")
        assert REFUSED == askers.other_department.both("C17", "m3")
        assert SHOWN == askers.other_department.saying(matterCode="M-1", caseId="C-1").both("C17", "m3")
        assert SHOWN == askers.branch.both("C17", "m3")
        assert SHOWN == askers.nea.both("C17", "m3")
        assert REFUSED == askers.association.both("C17", "m3")
        assert REFUSED == askers.bank.both("C17", "m3")
        assert REFUSED == askers.agency.both("C17", "m3")
        assert REFUSED == askers.subject.both("C17", "m3")

    def test_c18_usage_anomalies_are_told_of_to_the_state_only(self, askers: Askers):
        """A derived event, G: whether there is one. What it was derived from is R, and not even that is told."""
        assert REFUSED == askers.public.both("C18", "m3")
        assert REFUSED == askers.group.both("C18", "m3")
        assert REFUSED == askers.group_with_consent.both("C18", "m3")
        assert ("m7", "x") == askers.department.both("C18", "m3")
        assert REFUSED == askers.department.both("C18", "m3", tier="R")
        assert ("m7", "x") == askers.other_department.both("C18", "m3")
        assert ("m7", "x") == askers.branch.both("C18", "m3")
        assert ("m7", "x") == askers.nea.both("C18", "m3")
        assert REFUSED == askers.nea.both("C18", "m3", tier="R")
        assert REFUSED == askers.association.both("C18", "m3")
        assert REFUSED == askers.bank.both("C18", "m3")
        assert REFUSED == askers.agency.both("C18", "m3")
        assert REFUSED == askers.subject.both("C18", "m3")

    def test_c19_alerts_go_to_whom_they_concern(self, askers: Askers):
        """Own portfolio, own region, own members as a count, own; and never easier to read than their inputs."""
        assert REFUSED == askers.public.both("C19", "m4")
        assert REFUSED == askers.group.both("C19", "m4")
        assert SHOWN == askers.group.knowing(Fact.PORTFOLIO).both("C19", "m4")
        assert REFUSED == askers.group.knowing(Fact.PORTFOLIO).both("C19", "m4", tier="G")
        assert REFUSED == askers.group_with_consent.both("C19", "m4")
        assert SHOWN == askers.group_with_consent.knowing(Fact.PORTFOLIO).both("C19", "m4")
        assert SHOWN == askers.department.both("C19", "m4")
        assert REFUSED == askers.department.both("C19", "m4", tier="I")
        assert SHOWN == askers.other_department.both("C19", "m4")
        assert SHOWN == askers.branch.both("C19", "m4")
        assert SHOWN == askers.nea.both("C19", "m4")
        assert REFUSED == askers.association.both("C19", "m4")
        assert ("m6", "x") == askers.association.knowing(Fact.PORTFOLIO).both("C19", "m4")
        assert REFUSED == askers.bank.both("C19", "m4")
        assert REFUSED == askers.agency.both("C19", "m4")
        assert SHOWN == askers.subject.both("C19", "m4")

    def test_c20_the_access_log_shows_ones_own_questions_and_to_the_subject_who_asked(self, askers: Askers):
        """R: each organisation its own queries, the subject who asked about it, nobody anything else."""
        own = Fact.OWN_SOURCE

        assert REFUSED == askers.public.both("C20", "m5")
        assert REFUSED == askers.group.both("C20", "m5")
        assert SHOWN == askers.group.knowing(own).both("C20", "m5")
        assert REFUSED == askers.group_with_consent.both("C20", "m5")
        assert SHOWN == askers.group_with_consent.knowing(own).both("C20", "m5")
        assert REFUSED == askers.department.both("C20", "m5")
        assert SHOWN == askers.department.knowing(own).both("C20", "m5")
        assert SHOWN == askers.other_department.knowing(own).both("C20", "m5")
        assert REFUSED == askers.branch.both("C20", "m5")
        assert SHOWN == askers.branch.knowing(own).both("C20", "m5")
        assert REFUSED == askers.nea.both("C20", "m5")
        assert REFUSED == askers.association.both("C20", "m5")
        assert SHOWN == askers.association.knowing(own).both("C20", "m5")
        assert REFUSED == askers.bank.both("C20", "m5")
        assert SHOWN == askers.bank.knowing(own).both("C20", "m5")
        assert SHOWN == askers.agency.knowing(own).both("C20", "m5")
        assert SHOWN == askers.subject.both("C20", "m5")
        assert REFUSED == askers.subject.without(Fact.OWN_SUBJECT).both("C20", "m5")
