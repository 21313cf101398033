"""Rules of one field: codes, required, length, lists, dates, stray characters. One class per rule."""

from typing import Annotated, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.catalogue import ListEntry, Penalty, Performance, Registration, SupplierSanction
from schema.catalogue.model import Category, Field, FieldType, Record
from schema.identifiers.uscc import PLACEHOLDER, compose
from schema.tiers import Tier
from schema.validation.checker import Checker, Checkers
from schema.validation.days import DateForm
from tests.schema.validation.rows import (
    BUREAU,
    CLEAN,
    HONGDA,
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
    words,
)

CITIZEN = "11010519491231002X"


class TestCleanRows:
    @pytest.mark.parametrize(("kind", "row"), CLEAN, ids=lambda one: getattr(one, "KIND", ""))
    def test_pass_without_a_word(self, kind, row):
        checked = check(kind, row)

        assert ((), ()) == (checked.findings, checked.notes)
        assert isinstance(checked.record, kind)

    def test_values_are_kept_as_sent(self):
        record = penalty().record

        assert "0.500000" == record.fine_amount
        assert ("警告", "罚款") == record.penalty_kinds
        assert "2026-06-01" == record.decided_on
        assert record.remark is None


class TestID01:
    @pytest.mark.parametrize(
        "code", ["9151010", HONGDA + "1", "91510100MA61R5A1IU", "四川宏达四川宏达四川宏达四川宏达四川"]
    )
    def test_is_refused(self, code):
        checked = penalty(counterparty_code=code)

        assert ("ID01", "E", "counterparty_code") in said(checked)
        assert checked.record is None

    @pytest.mark.parametrize("field", ["authority_code", "source_unit_code"])
    def test_applies_to_every_credit_code(self, field):
        assert ("ID01", "E", field) in said(penalty(**{field: "115100"}))

    def test_suggestion_stands_in_the_message_and_nowhere_else(self):
        checked = penalty(counterparty_code=HONGDA.replace("0", "O"))

        assert HONGDA in only(checked).message_zh
        assert HONGDA in only(checked).message_en
        assert checked.record is None

    def test_no_suggestion_for_an_individual_business(self):
        assert SHOP not in words(penalty(counterparty_kind="个体工商户", counterparty_code=SHOP.replace("0", "O")))

    def test_no_suggestion_above_tier_p(self):
        checked = check(Performance, {**PERFORMANCE, "counterparty_code": HONGDA.replace("0", "O")})

        assert ["ID01"] == [finding.code for finding in checked.findings]
        assert HONGDA not in words(checked)

    @pytest.mark.parametrize("code", [HONGDA.lower(), f" {HONGDA[:8]} {HONGDA[8:]}", f"{HONGDA[:8]}-{HONGDA[8:]}"])
    def test_how_it_was_typed_is_no_fault(self, code):
        checked = penalty(counterparty_code=code)

        assert () == checked.findings
        assert HONGDA == checked.record.counterparty_code


class TestID02:
    @pytest.mark.parametrize("code", ["91420684179660622T", HONGDA[:-1] + "0", "91510100201920161Y"])
    def test_is_refused_without_quoting_the_code(self, code):
        checked = penalty(counterparty_code=code)

        assert [("ID02", "E", "counterparty_code")] == said(checked)
        assert code not in words(checked)


class TestID03:
    def test_wrong_organisation_code_inside_warns_and_passes(self):
        checked = penalty(counterparty_code="91140622770121181X")

        assert [("ID03", "W", "counterparty_code")] == said(checked)
        assert "91140622770121181X" == checked.record.counterparty_code

    def test_wrong_organisation_code_alone_warns_and_passes(self):
        checked = penalty(organisation_code="D2143569-1")

        assert [("ID03", "W", "organisation_code")] == said(checked)
        assert "D21435691" == checked.record.organisation_code

    def test_hyphen_is_no_fault(self):
        checked = penalty(organisation_code=f"{HONGDA[8:16]}-{HONGDA[16]}")

        assert () == checked.findings
        assert HONGDA[8:17] == checked.record.organisation_code


class TestID04:
    def test_individual_business_may_with_its_registration_number(self):
        checked = penalty(
            counterparty_kind="个体工商户", counterparty_code=PLACEHOLDER, registration_no="510100600123456"
        )

        assert [("ID04", "W", "counterparty_code")] == said(checked)
        assert PLACEHOLDER == checked.record.counterparty_code

    def test_without_registration_number_it_is_refused(self):
        checked = penalty(counterparty_kind="个体工商户", counterparty_code=PLACEHOLDER)

        assert ("DG01", "E", "registration_no") in said(checked)

    def test_organisation_may_not(self):
        checked = penalty(counterparty_code=PLACEHOLDER)

        assert [("ID04", "E", "counterparty_code")] == said(checked)

    def test_authority_may_not(self):
        assert ("ID04", "E", "authority_code") in said(penalty(authority_code=PLACEHOLDER))

    def test_kinds_without_counterparty_kind_may_not(self):
        assert [("ID04", "E", "counterparty_code")] == said(
            check(ListEntry, {**LIST_ENTRY, "counterparty_code": PLACEHOLDER})
        )


class TestDG01:
    @pytest.mark.parametrize(("kind", "row"), CLEAN, ids=lambda one: getattr(one, "KIND", ""))
    def test_every_field_of_a_clean_row_that_must_stand_is_missed(self, kind, row):
        """Taking any required field away is found, under that field's name."""
        for name in row:
            checked = check(kind, {**row, name: None})
            missed = [finding.field for finding in checked.findings if finding.code in {"DG01", "DG08", "DG09"}]

            assert (missed == [name]) == (checked.record is None), name

    @pytest.mark.parametrize("word", ["", "  ", "　", "无", "/", "null", "暂无", " 无 ", "\t\n"])
    def test_words_that_say_nothing_count_as_empty(self, word):
        assert [("DG01", "E", "facts")] == said(penalty(facts=word))

    @pytest.mark.parametrize("word", ["无", "/", "暂无"])
    def test_in_a_field_that_may_be_empty_they_are_nothing(self, word):
        assert penalty(remark=word).record.remark is None

    @pytest.mark.parametrize("word", ["无证经营", "//", "nullable", "暂无法提供"])
    def test_longer_words_are_answers(self, word):
        assert word == penalty(facts=word).record.facts

    def test_absent_is_missing_like_none(self):
        row = {name: text for name, text in PENALTY.items() if name != "facts"}

        assert [("DG01", "E", "facts")] == said(check(Penalty, row))

    def test_empty_row(self):
        checked = check(Penalty, {})

        assert checked.record is None
        assert {"E"} == {finding.severity for finding in checked.findings}

    def test_organisation_without_any_code_is_refused(self):
        assert [("DG01", "E", "counterparty_code")] == said(penalty(counterparty_code=None))

    @pytest.mark.parametrize(
        "instead", [{"organisation_code": HONGDA[8:17]}, {"registration_no": "510100000123456"}], ids=str
    )
    def test_a_number_that_can_find_the_subject_turns_it_into_a_warning(self, instead):
        checked = penalty(counterparty_code=None, **instead)

        assert [("DG01", "W", "counterparty_code")] == said(checked)
        assert checked.record is not None

    @pytest.mark.parametrize("instead", [{"organisation_code": "D21435691"}, {"registration_no": "12345"}], ids=str)
    def test_a_number_that_cannot_does_not(self, instead):
        assert ("DG01", "E", "counterparty_code") in said(penalty(counterparty_code=None, **instead))

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"certificate_name": "许可证", "licence_no": None}, "licence_no"),
            ({"legal_representative": None}, "legal_representative"),
        ],
    )
    def test_conditions_of_a_licence(self, changed, field):
        assert [("DG01", "E", field)] == said(licence(**changed))

    def test_licence_without_certificate_needs_no_number(self):
        assert () == licence(certificate_name=None, licence_no=None).findings

    def test_confiscation_needs_its_amount(self):
        checked = penalty(penalty_kinds="警告;罚款;没收违法所得")

        assert [("DG01", "E", "confiscated_amount")] == said(checked)

    def test_conditions_of_the_other_kinds(self):
        assert [("DG01", "E", "removal_reason")] == said(check(ListEntry, {**LIST_ENTRY, "removed_on": "2026-06-01"}))
        assert [("DG01", "E", "ends_on")] == said(check(SupplierSanction, {**SANCTION, "ends_on": None}))
        assert [("DG01", "E", "scope_categories")] == said(
            check(SupplierSanction, {**SANCTION, "scope_categories": None})
        )
        assert [("DG01", "E", "breach_detail")] == said(check(Performance, {**PERFORMANCE, "breached": "1"}))

    def test_conditions_that_do_not_hold(self):
        permanent = {**SANCTION, "ends_on": None, "permanent": "是", "scope_categories": None, "all_categories": "1"}

        assert () == check(SupplierSanction, permanent).findings
        assert () == check(Performance, {**PERFORMANCE, "breached": "0"}).findings


class TestDG02:
    @pytest.mark.parametrize(("field", "limit"), [("document_no", 128), ("facts", 5000), ("counterparty_name", 200)])
    def test_counts_characters_not_bytes(self, field, limit):
        assert () == penalty(**{field: "限" * limit}).findings
        assert [("DG02", "E", field)] == said(penalty(**{field: "限" * (limit + 1)}))

    def test_list_of_texts_counts_with_separators(self):
        assert [("DG02", "E", "penalty_kinds")] == said(
            penalty(penalty_kinds="警告;" * 30, fine_amount=None, content="警告")
        )

    def test_codes_count_without_their_hyphens(self):
        assert () == check(Registration, {**REGISTRATION, "region": "51-01-00"}).findings
        assert [("DG02", "E", "region")] == said(check(Registration, {**REGISTRATION, "region": "5101000"}))
        assert [("DG02", "E", "organisation_code")] == said(penalty(organisation_code="D2143569-X1"))

    @pytest.mark.parametrize("amount", ["12345678", "0.1234567"])
    def test_digits_of_an_amount(self, amount):
        assert ("DG02", "E", "fine_amount") in said(penalty(fine_amount=amount))

    def test_message_names_limit_and_length(self):
        finding = only(penalty(document_no="限" * 129))

        assert "128" in finding.message_zh
        assert "129" in finding.message_en
        assert "限限" not in finding.message_zh


class TestDG03:
    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("counterparty_kind", "公司"),
            ("penalty_kinds", "罚款;打手心"),
            ("penalty_kinds", "其他-"),
            ("counterparty_kind", "其他-组织"),
        ],
    )
    def test_value_outside_its_list_is_refused(self, field, text):
        assert ("DG03", "E", field) in said(penalty(**{field: text}))

    def test_message_lists_what_was_expected(self):
        finding = only(penalty(counterparty_kind="公司"))

        assert "法人及非法人组织、自然人、个体工商户" in finding.message_zh
        assert "“公司”" in finding.message_en

    def test_open_list_admits_a_text_that_names_itself(self):
        checked = penalty(penalty_kinds="罚款;其他-责令改正")

        assert ("罚款", "其他-责令改正") == checked.record.penalty_kinds

    def test_synonym_is_read_as_meant_and_noted(self):
        checked = penalty(counterparty_kind="企业法人")

        assert () == checked.findings
        assert "法人及非法人组织" == checked.record.counterparty_kind
        assert ["counterparty_kind"] == [note.field for note in checked.notes]
        assert "企业法人" in checked.notes[0].message_zh

    @pytest.mark.parametrize("text", ["警告；罚款", "警告、罚款", "警告,罚款", "罚款;警告;罚款;", " 警告 ; 罚款 "])
    def test_kinds_however_separated(self, text):
        assert {"警告", "罚款"} == set(penalty(penalty_kinds=text).record.penalty_kinds)

    def test_a_synonym_that_holds_a_comma_is_not_taken_apart(self):
        checked = penalty(penalty_kinds="没收违法所得、没收非法财物;罚款", confiscated_amount="1")

        assert ("没收违法所得", "罚款") == checked.record.penalty_kinds

    @pytest.mark.parametrize("text", [";", "；；", "、", " ; , "])
    def test_nothing_but_separators_is_empty(self, text):
        assert [("DG01", "E", "penalty_kinds")] == said(penalty(penalty_kinds=text, publicity_until=None))

    def test_nothing_but_separators_in_a_free_list_is_nothing(self):
        assert check(Registration, {**REGISTRATION, "former_names": ";;"}).record.former_names is None

    @pytest.mark.parametrize("field", ["organisation_code", "legal_representative_id_no"])
    def test_nothing_but_hyphens_in_a_code_is_nothing(self, field):
        checked = penalty(**{field: "--"})

        assert () == checked.findings
        assert getattr(checked.record, field) is None

    @pytest.mark.parametrize("text", ["5万元", "伍", "￥5", "约5"])
    def test_amount_with_anything_beside_the_number(self, text):
        assert ("DG03", "E", "fine_amount") in said(penalty(fine_amount=text))

    @pytest.mark.parametrize("text", ["2", "maybe", "已"])
    def test_neither_yes_nor_no(self, text):
        assert [("DG03", "E", "bribery")] == said(check(SupplierSanction, {**SANCTION, "bribery": text}))

    @pytest.mark.parametrize(("text", "value"), [("1", True), ("是", True), ("0", False), ("false", False)])
    def test_yes_and_no(self, text, value):
        assert value is check(SupplierSanction, {**SANCTION, "bribery": text}).record.bribery

    def test_list_code_by_its_name(self):
        checked = check(ListEntry, {**LIST_ENTRY, "list_code": "严重违法失信企业名单"})

        assert "L02" == checked.record.list_code
        assert [("DG03", "E", "list_code")] == said(check(ListEntry, {**LIST_ENTRY, "list_code": "L99"}))

    def test_list_is_the_one_in_force_on_the_decision_day(self):
        """通报批评 became a penalty on 2021-07-15."""
        old = {"decided_on": "2021-07-14", "valid_until": "2027-01-01", "publicity_until": None, "content": "通报批评"}

        assert ("DG03", "E", "penalty_kinds") in said(penalty(penalty_kinds="通报批评", fine_amount=None, **old))
        assert ("DG03", "E", "penalty_kinds") not in said(
            penalty(penalty_kinds="通报批评", fine_amount=None, **{**old, "decided_on": "2021-07-15"})
        )


class TestDG04:
    @pytest.mark.parametrize(
        "text", ["2026/06/01", "2026年6月1日", "20260601", "2026-02-30", "46174", "昨天", "2026-6-1"]
    )
    def test_other_forms_and_impossible_days_are_refused(self, text):
        assert [("DG04", "E", "decided_on")] == said(penalty(decided_on=text))

    def test_message_shows_the_day(self):
        assert "“2026/06/01”" in only(penalty(decided_on="2026/06/01")).message_en

    def test_message_shows_no_long_number(self):
        assert CITIZEN[:17] not in words(penalty(decided_on=CITIZEN[:17]))

    @pytest.mark.parametrize("text", ["2026/06/01", "2026/6/1", "2026年6月1日", "2026-06-01"])
    def test_declared_forms_are_kept_as_iso(self, text):
        declared = Checkers(book(), forms=frozenset(DateForm))
        checked = declared.check(Penalty, {**PENALTY, "decided_on": text}, {}, RECEIVED)

        assert "2026-06-01" == checked.record.decided_on

    def test_one_declared_form_admits_no_other(self):
        declared = Checkers(book(), forms={DateForm.SLASHED})

        assert [("DG04", "E", "decided_on")] == said(
            declared.check(Penalty, {**PENALTY, "decided_on": "2026年6月1日"}, {}, RECEIVED)
        )


class TestDG15Numbers:
    @pytest.mark.parametrize(
        "field", ["counterparty_name", "legal_representative", "document_no", "registration_no", "counterparty_code"]
    )
    def test_citizen_number_in_any_field_keeps_the_record_out(self, field):
        checked = penalty(**{field: CITIZEN})

        assert ("DG15", "E", field) in said(checked)
        assert checked.record is None
        assert CITIZEN not in words(checked)

    @pytest.mark.parametrize("field", ["legal_representative_id_no", "person_id_no"])
    def test_document_numbers_are_kept_masked_only(self, field):
        checked = penalty(**{field: CITIZEN})

        assert () == checked.findings
        assert "110105********002*" == getattr(checked.record, field)

    @pytest.mark.parametrize("text", ["E12345678", "110105194912310", "110105 19491231 002X"])
    def test_no_digit_more_than_the_mask_shows_is_ever_kept(self, text):
        kept = penalty(legal_representative_id_no=text).record.legal_representative_id_no

        assert kept in {"*" * len(text), "110105********002*"}

    def test_a_mask_is_kept_as_it_is(self):
        assert "110105********002*" == penalty(person_id_no="110105********002*").record.person_id_no

    def test_credit_codes_in_long_texts_are_no_citizen_numbers(self):
        assert () == penalty(document_no=f"川能罚{BUREAU}{compose('91440119', '78010101')}").findings


class TestDG16:
    def test_stray_characters_are_dropped_and_warned_of(self):
        checked = penalty(counterparty_name="四川宏达\x00电力\u200b设备有限公司")

        assert [("DG16", "W", "counterparty_name")] == said(checked)
        assert "四川宏达电力设备有限公司" == checked.record.counterparty_name

    def test_full_width_digits_are_read(self):
        checked = penalty(decided_on="２０２６-０６-０１", fine_amount="０.５")

        assert [("DG16", "W", "fine_amount"), ("DG16", "W", "decided_on")] == sorted(said(checked), reverse=True)
        assert ("2026-06-01", "0.5") == (checked.record.decided_on, checked.record.fine_amount)

    def test_garbled_text_is_kept_and_warned_of(self):
        checked = penalty(facts="锟斤拷锟斤拷")

        assert [("DG16", "W", "facts")] == said(checked)
        assert "锟斤拷锟斤拷" == checked.record.facts

    def test_thousands_separators(self):
        checked = penalty(fine_amount="1,000.50", content="罚款10005000元")

        assert [("DG16", "W", "fine_amount")] == said(checked)
        assert "1000.50" == checked.record.fine_amount

    def test_what_hides_in_full_width_digits_is_still_found(self):
        wide = "".join(chr(ord(character) + 0xFEE0) for character in CITIZEN)

        assert {"DG15", "DG16"} == {code for code, _, _ in said(penalty(facts=f"身份证{wide}"))}

    def test_nothing_but_stray_characters_is_empty(self):
        assert [("DG16", "W", "facts"), ("DG01", "E", "facts")] == said(penalty(facts="\u200b\x00"))


class Sample(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Types that no kind of the catalogue uses yet."""

    KIND: ClassVar[str] = "Sample"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C01,)
    ZH: ClassVar[str] = "样例"
    EN: ClassVar[str] = "Sample"
    MAIN_DAY: ClassVar[str] = "day"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("code",)
    NAME_FIELD: ClassVar[str] = "code"
    CODE_FIELD: ClassVar[str] = "code"

    code: Annotated[str | None, Field(zh="代码", en="Code", tier=Tier.P, type=FieldType.CODE)] = None
    count: Annotated[int | None, Field(zh="数量", en="Count", tier=Tier.P, type=FieldType.INTEGER)] = None
    at: Annotated[str | None, Field(zh="时间", en="Time", tier=Tier.P, type=FieldType.TIME)] = None
    amount: Annotated[str | None, Field(zh="金额", en="Amount", tier=Tier.P, type=FieldType.AMOUNT)] = None


class TestOtherTypes:
    @pytest.fixture
    def sample(self) -> Checker:
        return Checker(Sample, book().on(RECEIVED))

    def test_good_values(self, sample):
        row = {"code": "ab-1", "count": "-12", "at": "2026-06-01T08:00:00.5Z", "amount": "123456789.123456789"}
        record = sample.check(row, {}, RECEIVED).record

        assert ("AB1", -12, "2026-06-01T08:00:00.5Z", "123456789.123456789") == (
            record.code,
            record.count,
            record.at,
            record.amount,
        )

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("count", "1.5"),
            ("count", "1234567890123456"),
            ("count", "一"),
            ("at", "2026-06-01 08:00:00"),
            ("at", "2026-06-01T24:00:00Z"),
            ("at", "2026-06-01T08:00:00+08:00"),
        ],
    )
    def test_other_forms_are_refused(self, sample, field, text):
        assert [("DG03", "E", field)] == said(sample.check({"code": "A", field: text}, {}, RECEIVED))

    def test_a_code_of_hyphens_is_empty(self, sample):
        assert [("DG01", "E", "code")] == said(sample.check({"code": "--"}, {}, RECEIVED))

    def test_nought_and_no_are_answers(self, sample):
        assert 0 == sample.check({"code": "A", "count": "0"}, {}, RECEIVED).record.count


class TestEveryText:
    @given(
        st.sampled_from(CLEAN),
        st.data(),
        st.text(st.characters(exclude_categories=()), max_size=30)
        | st.text(st.sampled_from("0123456789X-/年月日.,;；罚款元万吊销其他-警告"), max_size=30),
    )
    def test_nothing_a_source_sends_raises_and_no_error_leaves_a_record(self, clean, data, text):
        kind, row = clean
        name = data.draw(st.sampled_from(sorted(kind.__struct_fields__)))
        checked = check(kind, {**row, name: text})

        assert (checked.record is None) == any(finding.severity == "E" for finding in checked.findings)

    @given(st.sampled_from(CLEAN), st.data())
    def test_what_was_kept_is_kept_again(self, clean, data):
        """Checking a kept record's own values finds nothing new and changes nothing."""
        kind, row = clean
        name = data.draw(st.sampled_from(sorted(row)))
        once = check(kind, {**row, name: f" {row[name]}\u200b"}).record
        again = check(kind, {field: _as_sent(getattr(once, field)) for field in kind.__struct_fields__})

        assert once == again.record
        assert () == again.findings


def _as_sent(value: object) -> str | None:
    if isinstance(value, tuple):
        return ";".join(value)
    return None if value is None else str(value)
