"""Rules that join fields. One class per rule; refusals first."""

from datetime import date

import pytest

from schema.catalogue import (
    Arrears,
    Commitment,
    Grade,
    Licence,
    ListEntry,
    Penalty,
    Performance,
    Registration,
    SupplierSanction,
)
from schema.identifiers.uscc import compose
from schema.validation.checker import Checker, Checkers, check_record
from tests.schema.validation.rows import (
    ARREARS,
    BUREAU,
    COMMITMENT,
    GRADE,
    GROUP,
    HONGDA,
    LICENCE,
    LIST_ENTRY,
    PENALTY,
    PERFORMANCE,
    RECEIVED,
    REGISTRATION,
    SANCTION,
    SHOP,
    book,
    check,
    licence,
    only,
    penalty,
    said,
)


class TestDG05:
    @pytest.mark.parametrize(
        ("kind", "row", "field"),
        [
            (ListEntry, LIST_ENTRY, "listed_on"),
            (Grade, GRADE, "issued_on"),
            (Commitment, COMMITMENT, "committed_on"),
            (Performance, PERFORMANCE, "evaluated_on"),
            (Registration, REGISTRATION, "founded_on"),
        ],
    )
    def test_decision_after_receipt_is_refused(self, kind, row, field):
        assert ("DG05", "E", field) in said(check(kind, {**row, field: "2026-06-09"}))

    def test_penalty_and_licence(self):
        assert ("DG05", "E", "decided_on") in said(penalty(decided_on="2026-06-09"))
        assert ("DG05", "E", "decided_on") in said(licence(decided_on="2026-06-09"))

    def test_the_day_of_receipt_itself_is_fine(self):
        assert () == licence(decided_on="2026-06-08", valid_from="2026-06-08").findings

    def test_due_days_and_sanctions_may_lie_ahead(self):
        assert () == check(Arrears, {**ARREARS, "due_on": "2026-07-01"}).findings
        assert () == check(SupplierSanction, {**SANCTION, "starts_on": "2026-07-01"}).findings


class TestDG06:
    def test_licence_that_ends_before_it_begins_is_refused(self):
        checked = licence(valid_from="2026-06-02", valid_to="2026-06-01")

        assert ("DG06", "E", "valid_to") in said(checked)
        assert checked.record is None

    def test_licence_valid_before_its_decision_warns(self):
        checked = licence(valid_from="2026-05-31")

        assert [("DG06", "W", "valid_from")] == said(checked)
        assert checked.record is not None

    def test_message_names_both_fields(self):
        finding = only(licence(valid_from="2026-05-31"))

        assert "有效期自" in finding.message_zh
        assert "许可决定日期" in finding.message_zh

    @pytest.mark.parametrize(
        ("kind", "row", "field"),
        [
            (ListEntry, LIST_ENTRY, "term_end"),
            (ListEntry, {**LIST_ENTRY, "removal_reason": "已履行"}, "removed_on"),
            (Grade, GRADE, "valid_to"),
            (Commitment, COMMITMENT, "due_on"),
            (Commitment, COMMITMENT, "fulfilled_on"),
            (SupplierSanction, SANCTION, "ends_on"),
            (Performance, {**PERFORMANCE, "signed_on": "2020-01-01"}, "delivered_on"),
            (Registration, {**REGISTRATION, "valid_from": "2020-01-01"}, "valid_to"),
        ],
    )
    def test_other_kinds_alike(self, kind, row, field):
        assert ("DG06", "E", field) in said(check(kind, {**row, field: "1999-01-01"}))

    def test_one_day_is_in_order(self):
        assert () == licence(valid_from="2026-06-08", valid_to="2026-06-08").findings


class TestDG07:
    def test_passed_validity_warns_and_is_kept(self):
        checked = licence(decided_on="2026-06-01", valid_from="2020-01-01", valid_to="2026-06-07")

        assert ("DG07", "W", "valid_to") in said(checked)
        assert checked.record is not None

    def test_penalty_grade_and_register(self):
        assert ("DG07", "W", "valid_until") in said(penalty(valid_until="2026-06-07"))
        assert [("DG07", "W", "valid_to")] == said(check(Grade, {**GRADE, "valid_to": "2026-06-07"}))
        assert [("DG07", "W", "valid_to")] == said(check(Registration, {**REGISTRATION, "valid_to": "2026-06-07"}))

    def test_last_day_still_counts(self):
        assert () == penalty(valid_until="2026-06-08").findings


class TestDG08:
    @pytest.mark.parametrize("amount", [None, "", "无"])
    def test_fine_without_amount_is_refused(self, amount):
        assert [("DG08", "E", "fine_amount")] == said(penalty(fine_amount=amount))

    @pytest.mark.parametrize("amount", ["0", "0.000000", "-1", "-0"])
    def test_fine_of_nothing_or_less_is_refused(self, amount):
        assert [("DG08", "E", "fine_amount")] == said(penalty(fine_amount=amount))

    def test_without_a_fine_the_amount_may_be_empty_or_nothing(self):
        assert () == penalty(penalty_kinds="警告", fine_amount=None, publicity_until=None).findings
        assert () == penalty(penalty_kinds="警告", fine_amount="0", publicity_until=None).findings

    def test_more_than_ten_thousand_wan_warns(self):
        checked = penalty(fine_amount="10000.01", content="罚款100000100元")

        assert [("DG08", "W", "fine_amount")] == said(checked)
        assert checked.record is not None
        assert () == penalty(fine_amount="10000", content="罚款一亿元").findings

    def test_yuan_written_as_wan_is_called_so(self):
        finding = only(penalty(fine_amount="5000"))

        assert ("DG08", "W") == (finding.code, finding.severity)
        assert "元填作万元" in finding.message_zh
        assert "yuan" in finding.message_en

    def test_another_difference_is_told_apart(self):
        finding = only(penalty(fine_amount="0.6"))

        assert ("DG08", "W") == (finding.code, finding.severity)
        assert "1%" in finding.message_zh

    @pytest.mark.parametrize("amount", ["0.5", "0.500000", "0.504", "0.496"])
    def test_within_a_hundredth_is_fine(self, amount):
        assert () == penalty(fine_amount=amount).findings

    def test_content_without_amount_says_nothing(self):
        assert () == penalty(content="给予警告并处罚款", fine_amount="77").findings

    def test_amount_that_could_not_be_read_is_not_judged(self):
        assert [("DG03", "E", "fine_amount")] == said(penalty(fine_amount="五千"))


class TestDG09:
    @pytest.mark.parametrize("kind", ["暂扣许可证件", "吊销许可证件", "吊销营业执照"])
    def test_licence_touched_but_not_named_is_refused(self, kind):
        checked = penalty(penalty_kinds=kind, fine_amount=None, publicity_until=None)

        assert [("DG09", "E", "licence_suspended")] == said(checked)

    def test_named_is_fine(self):
        checked = penalty(
            penalty_kinds="吊销许可证件", fine_amount=None, publicity_until=None, licence_suspended="许可证5-1-00001"
        )

        assert () == checked.findings


class TestDG10:
    def test_individual_business_with_a_companys_code_is_refused(self):
        assert [("DG10", "E", "counterparty_kind")] == said(penalty(counterparty_kind="个体工商户"))

    def test_organisation_with_an_individual_businesss_code_is_refused(self):
        assert [("DG10", "E", "counterparty_kind")] == said(penalty(counterparty_code=SHOP))

    def test_agreeing_ones_pass(self):
        assert () == penalty(counterparty_kind="个体工商户", counterparty_code=SHOP).findings
        assert () == penalty(counterparty_code=compose("93510100", "MA61R5A1")).findings


class TestDG11:
    def test_a_company_as_authority_warns(self):
        checked = penalty(authority_code=GROUP)

        assert [("DG11", "W", "authority_code")] == said(checked)
        assert checked.record is not None

    @pytest.mark.parametrize("prefix", ["11510000", "12510000", "13510000", "51100000", "52100000"])
    def test_public_bodies_and_associations_pass(self, prefix):
        assert () == penalty(authority_code=compose(prefix, "MB1A2345")).findings

    def test_applies_to_licences_and_lists(self):
        assert [("DG11", "W", "authority_code")] == said(licence(authority_code=GROUP))
        assert [("DG11", "W", "authority_code")] == said(check(ListEntry, {**LIST_ENTRY, "authority_code": GROUP}))

    def test_a_list_entry_may_name_its_authority_without_code(self):
        assert () == check(ListEntry, {**LIST_ENTRY, "authority_code": None}).findings

    def test_a_buyer_is_no_authority(self):
        assert () == check(Performance, PERFORMANCE).findings

    def test_name_that_disagrees_with_the_register_warns(self):
        known = Checkers(book(), authorities={BUREAU: "四川省市场监督管理局"})

        assert [("DG11", "W", "authority_code")] == said(known.check(Penalty, PENALTY, {}, RECEIVED))

    def test_name_that_agrees_however_typed(self):
        known = Checkers(book(), authorities={BUREAU: "四川 能源監管辦公室"})

        assert () == known.check(Penalty, PENALTY, {}, RECEIVED).findings


class TestDG14:
    @pytest.mark.parametrize(
        ("decided", "received"),
        [("2026-06-01", "2026-06-10"), ("2026-02-13", "2026-03-02"), ("2026-09-24", "2026-10-12")],
    )
    def test_the_seventh_working_day_is_in_time(self, decided, received):
        """Holidays and make-up days count as the calendar says."""
        day = date.fromisoformat(received)

        assert "DG14" not in [code for code, _, _ in said(penalty(decided_on=decided, received=day))]

    @pytest.mark.parametrize(
        ("decided", "received"),
        [
            ("2026-06-01", "2026-06-11"),
            ("2026-02-13", "2026-03-03"),
            ("2026-09-24", "2026-10-13"),
            ("2025-01-01", "2026-06-08"),
        ],
    )
    def test_later_warns_and_is_kept(self, decided, received):
        checked = penalty(decided_on=decided, received=date.fromisoformat(received))

        assert ("DG14", "W", "decided_on") in said(checked)
        assert checked.record is not None

    def test_licences_too(self):
        assert [("DG14", "W", "decided_on")] == said(licence(received=date(2026, 7, 1)))

    def test_what_the_source_had_published_in_time_was_reported_in_time(self):
        checked = penalty(extra={"publicity_from": "2026-06-03"}, received=date(2026, 7, 1))

        assert () == checked.findings

    def test_published_late_is_reported_late(self):
        checked = penalty(extra={"publicity_from": "2026-06-20"}, received=date(2026, 7, 1))

        assert [("DG14", "W", "decided_on")] == said(checked)

    def test_rules_without_the_limit_say_nothing(self):
        rules = book().on(date(2010, 1, 1))
        unlimited = type(rules)(**{name: getattr(rules, name) for name in rules.__slots__} | {"time_limits": {}})

        assert () == Checker(Licence, unlimited).check({**LICENCE, "decided_on": "2026-01-05"}, {}, RECEIVED).findings


class TestDG15Kind:
    @pytest.mark.parametrize("kind", ["自然人", "个人", "公民"])
    def test_natural_person_is_refused_whole(self, kind):
        """Nothing else is said of the record: not even which of a person's fields were missing."""
        checked = penalty(counterparty_kind=kind, counterparty_code=None, facts="电话13812345678", document_no=None)

        assert [("DG15", "E", "counterparty_kind")] == said(checked)
        assert checked.record is None
        assert () == checked.notes


class TestDG15Text:
    @pytest.mark.parametrize(
        "field", ["facts", "content", "remark", "violation_type", "legal_basis", "withdrawal_reason"]
    )
    @pytest.mark.parametrize(
        "text", ["身份证11010519491231002X", "电话13812345678", "账号510501234567890", "未成年人：王小明。"]
    )
    def test_free_text_with_personal_data_is_held_back(self, field, text):
        checked = penalty(**{field: text})
        finding = only(checked)

        assert ("DG15", "E", field) == (finding.code, finding.severity, finding.field)
        assert checked.record is None
        assert not any(digits in finding.message_zh + finding.message_en for digits in ("1101", "138", "5105", "王"))

    def test_licence_content(self):
        assert [("DG15", "E", "content")] == said(licence(content="联系13812345678"))

    def test_each_kind_of_data_is_named_once(self):
        checked = penalty(facts="电话13812345678、13912345678，身份证11010519491231002X")

        assert [("DG15", "E", "facts")] * 2 == said(checked)


class TestDG18:
    def test_other_end_than_computed_warns_with_the_computed_day(self):
        finding = only(penalty(publicity_until="2028-06-01"))

        assert ("DG18", "W", "publicity_until") == (finding.code, finding.severity, finding.field)
        assert "2027-06-01" in finding.message_zh

    def test_end_sent_beside_the_record_counts_too(self):
        checked = penalty(publicity_until=None, extra={"publicity_to": "2028-06-01"})

        assert [("DG18", "W", "publicity_until")] == said(checked)

    @pytest.mark.parametrize(
        ("severity", "end"), [("轻微", "2026-09-01"), ("一般", "2027-06-01"), ("严重", "2029-06-01")]
    )
    def test_class_that_was_sent_decides(self, severity, end):
        assert () == penalty(publicity_until=end, extra={"severity": severity}).findings

    def test_no_end_sent_nothing_said(self):
        assert () == penalty(publicity_until=None).findings

    def test_without_the_book_nothing_is_said(self):
        rules = book().on(RECEIVED)

        assert () == check_record(Penalty, {**PENALTY, "publicity_until": "2028-06-01"}, {}, rules, RECEIVED).findings

    def test_unreadable_day_is_not_compared(self):
        assert [("DG04", "E", "decided_on")] == said(penalty(decided_on="?"))
        assert [("DG04", "E", "publicity_until")] == said(penalty(publicity_until="?"))


class TestGradeOfScheme:
    @pytest.mark.parametrize(("scheme", "grade"), [("CEC", "D"), ("CEC", "AAAA"), ("GBT45255-2025", "AAA")])
    def test_grade_of_another_scheme_is_refused(self, scheme, grade):
        checked = check(Grade, {**GRADE, "scheme": scheme, "grade": grade})

        assert [("DG03", "E", "grade")] == said(checked)

    def test_unknown_scheme_is_refused_once(self):
        assert [("DG03", "E", "scheme")] == said(check(Grade, {**GRADE, "scheme": "XX"}))


class TestUnknownColumns:
    def test_are_noted_and_ignored(self):
        checked = check(Penalty, {**PENALTY, "CF_XYZ": "1", "counterparty_name": "四川宏达\u200b"})

        assert ["CF_XYZ"] == [note.field for note in checked.notes]
        assert checked.record is not None

    def test_code_stays_the_subjects(self):
        assert HONGDA == check(Penalty, PENALTY).record.counterparty_code
