"""State, class, days and place of a record, by the rules of its day."""

from datetime import date

import pytest

from hub.ingest.judging import judge
from schema.catalogue import Grade, Licence, ListEntry, Penalty, Registration
from schema.identifiers.uscc import compose
from schema.records import PublicityState, Severity, SeverityBasis
from schema.tiers import Tier
from tests.hub.ingest.world import AUTHORITY, code_of

TODAY = date(2026, 11, 20)
NATIONAL = compose("11100000", "00001336")


def penalty(**changes) -> Penalty:
    return Penalty(
        **{
            "document_no": "1",
            "decided_on": "2026-11-18",
            "penalty_kinds": ("罚款",),
            "authority_code": AUTHORITY,
        }
        | changes
    )


@pytest.fixture
def judged(book):
    def judging(record, extra=None, **rest):
        return judge(book, record, extra or {}, subject=code_of(1), today=TODAY, **rest)

    return judging


class TestState:
    def test_what_is_said_to_be_shown_is_no_proof_against_a_withdrawal(self, judged):
        found = judged(penalty(), {"publicity_state": "公示中"}, withdrawn=True)

        assert PublicityState.WITHDRAWN == found.state

    def test_a_withdrawal_counts_before_a_repair(self, judged):
        assert PublicityState.WITHDRAWN == judged(penalty(), {"repaired": "1", "case_withdrawn": "1"}).state

    def test_a_minor_penalty_that_is_not_shown_is_published_to_those_who_may_see_minor_ones(self, judged):
        found = judged(penalty(penalty_kinds=("警告",)), {"publicity_state": "不公示"})

        assert (PublicityState.PUBLISHED, Severity.MINOR) == (found.state, found.severity)

    def test_a_general_penalty_that_is_not_shown_waits(self, judged):
        assert PublicityState.READY == judged(penalty(), {"publicity_state": "不公示"}).state

    def test_an_unknown_state_keeps_a_penalty_back_and_calls_a_person(self, judged):
        found = judged(penalty(), {"publicity_state": "??"})

        assert (PublicityState.RECEIVED, True) == (found.state, found.for_person)

    def test_an_unknown_state_says_nothing_of_a_kind_that_has_none(self, judged):
        found = judged(Licence(document_no="1"), {"publicity_state": "??"})

        assert (PublicityState.PUBLISHED, False) == (found.state, found.for_person)

    def test_a_flag_that_is_off_hides_nothing(self, judged):
        assert PublicityState.PUBLISHED == judged(penalty(), {"repaired": "0", "case_withdrawn": "0"}).state


class TestSeverity:
    def test_the_class_a_source_sent_counts(self, judged):
        found = judged(penalty(), {"severity": "严重"})

        assert (Severity.SERIOUS, SeverityBasis.SENT) == (found.severity, found.severity_basis)
        assert "2029-11-18" == found.publicity_to

    def test_a_kind_no_rule_knows_is_general_and_for_a_person(self, judged):
        found = judged(penalty(penalty_kinds=("其他-责令改正",)))

        assert (Severity.GENERAL, SeverityBasis.NONE, True) == (found.severity, found.severity_basis, found.for_person)

    def test_other_kinds_have_no_class(self, judged):
        found = judged(Grade(scheme="CEC", grade="AAA", issued_on="2026-01-01"))

        assert (None, None, None) == (found.severity, found.severity_basis, found.publicity_to)


class TestDays:
    def test_the_earlier_end_counts(self, judged):
        assert "2027-02-01" == judged(penalty(), {"publicity_to": "2027-02-01"}).publicity_to
        assert "2027-11-18" == judged(penalty(), {"publicity_to": "2030-02-01"}).publicity_to

    def test_what_is_to_be_shown_from_a_later_day_waits_for_it(self, judged):
        later = judged(penalty(), {"publicity_from": "2026-11-21"})
        today = judged(penalty(), {"publicity_from": "2026-11-20"})

        assert (PublicityState.READY, "2026-11-21") == (later.state, later.publicity_from)
        assert PublicityState.PUBLISHED == today.state


class TestPlace:
    def test_a_record_belongs_to_the_region_of_the_body_that_decided_it(self, judged):
        assert "510000" == judged(penalty()).region

    def test_a_national_bodys_record_belongs_where_the_subject_was_registered(self, judged):
        found = judged(penalty(authority_code=NATIONAL))

        assert ("510100", NATIONAL) == (found.region, found.authority)

    def test_a_code_that_does_not_check_names_no_authority(self, judged):
        assert (None, "510100") == (
            judged(penalty(authority_code="11510000MB0000010")).authority,
            judged(penalty(authority_code="11510000MB0000010")).region,
        )

    def test_a_registration_says_itself_where(self, judged):
        assert "510107" == judged(Registration(code=code_of(1), region="510107")).region


class TestTier:
    @pytest.mark.parametrize(("said", "tier"), [("社会公开", Tier.P), ("授权查询", Tier.A), (None, None)])
    def test_the_records_own_disclosure(self, judged, said, tier):
        assert tier == judged(penalty(), {"disclosure": said} if said else {}).tier

    def test_a_list_entry_carries_its_list_and_its_bulletin(self, judged):
        found = judged(ListEntry(list_code="W01", listed_on="2026-01-01"), {"public_bulletin": "1"})

        assert ("W01", True) == (found.list_code, found.published)
