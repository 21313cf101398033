import re
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox import Platform, World
from connectors.sandbox.dirt import RATES, UNIT_SLIP_RATE, invented_citizen_number
from connectors.sandbox.names import NAMES, organisation_name
from connectors.sandbox.rows import WorldRow
from schema.identifiers.citizen import is_citizen_number, spans_of_citizen_numbers
from schema.identifiers.uscc import is_uscc

KINDS = (
    "Registration",
    "Licence",
    "Penalty",
    "ListEntry",
    "Grade",
    "Commitment",
    "Supplier",
    "SupplierSanction",
    "Performance",
    "Arrears",
)
SMALL = World(size=300)
LARGE = World(size=20_000)
MILLION = World(size=1_000_000)


def everything(world: World) -> list[WorldRow]:
    return [row for platform in Platform for kind in KINDS for row in world.rows(platform, kind)]


class TestWorld:
    def test_the_same_seed_gives_the_same_rows(self):
        assert everything(World(size=120)) == everything(World(size=120))

    def test_another_seed_gives_other_subjects(self):
        assert not set(World(seed=7).showcase()) & set(World(seed=8).showcase())

    def test_the_showcase_bears_the_same_codes_in_every_size(self):
        assert len({World(size=size).showcase() for size in (8, 200, 20_000, 1_000_000)}) == 1

    @pytest.mark.parametrize("size", [7, 0, -1, NAMES + 1])
    def test_a_size_out_of_bounds_is_refused(self, size):
        with pytest.raises(ValueError, match="expected 8 to"):
            World(size=size)

    @pytest.mark.parametrize("index", [-1, 300])
    def test_an_index_out_of_bounds_is_refused(self, index):
        with pytest.raises(IndexError, match="expected 0 <= index < 300"):
            SMALL.subject(index)

    @given(index=st.integers(0, 999_999))
    def test_every_code_checks_and_leads_back_to_its_index(self, index):
        code = MILLION.subject(index).code

        assert is_uscc(code)
        assert MILLION.index_of(code) == index

    @pytest.mark.parametrize(
        "code",
        ["", "91510100", "91510100MA62XXXXX0", "91510100XN00000000", "91510100XNIIIIII00", World(seed=8).showcase()[0]],
    )
    def test_a_code_of_nobody_is_found_nowhere(self, code):
        assert SMALL.index_of(code) is None
        assert SMALL.of(Platform.NATIONAL, "Penalty", code) == []

    def test_names_do_not_repeat(self):
        assert len({organisation_name(7, index).full for index in range(50_000)}) == 50_000

    def test_names_and_texts_survive_gb2312_registers(self):
        for index in range(2_000):
            subject = LARGE.subject(index)
            told = subject.name + subject.legal_representative

            assert told == told.encode("gb2312").decode("gb2312")

    def test_a_branch_names_its_legal_person(self):
        branches = [LARGE.subject(index) for index in range(2_000) if LARGE.subject(index).parent]

        assert len(branches) > 20
        for branch in branches:
            parent = LARGE.index_of(branch.parent or "")
            assert parent is not None
            assert LARGE.subject(parent).parent is None


class TestRows:
    @pytest.mark.parametrize("platform", Platform)
    @pytest.mark.parametrize("kind", KINDS)
    def test_rows_stand_in_order_and_are_counted_without_being_made(self, platform, kind):
        rows = list(SMALL.rows(platform, kind))

        assert len(rows) == SMALL.count(platform, kind)
        assert all(one.place < other.place for one, other in pairwise(rows))
        assert all(row.updated < SMALL.begin for row in rows)

    @settings(max_examples=60)
    @given(
        kind=st.sampled_from(("Registration", "Licence", "Penalty", "Grade")),
        start=st.integers(0, 400),
        skip=st.integers(0, 400),
        take=st.integers(1, 50),
        edited=st.booleans(),
    )
    def test_a_page_is_a_slice_of_the_rows_wherever_it_begins(self, kind, start, skip, take, edited):
        world = World(size=300)
        if edited:
            rows = list(world.rows(Platform.NATIONAL, kind))
            world.correct(rows[len(rows) // 2], {"BZ": "更正"})
            world.withdraw(rows[1])
        rows = list(world.rows(Platform.NATIONAL, kind))
        since = rows[start].place if start < len(rows) else None
        expected = rows[start:] if start < len(rows) else rows

        assert expected[skip : skip + take] == world.page(Platform.NATIONAL, kind, since=since, skip=skip, take=take)
        assert len(expected) == world.count(Platform.NATIONAL, kind, since=since)

    def test_a_page_deep_in_a_million_is_found_without_walking_there(self):
        page = MILLION.page(Platform.NATIONAL, "Registration", since=None, skip=700_000, take=3)

        assert [700_008, 700_009, 700_010] == [MILLION.index_of(row.code) for row in page]

    def test_every_row_about_a_subject_is_found_by_its_code(self):
        for platform in Platform:
            for kind in KINDS:
                for row in list(SMALL.rows(platform, kind))[:40]:
                    assert row in SMALL.of(platform, kind, row.code)


class TestBaseRates:
    """DOMAIN 16 and 5.1, on 20,000 subjects."""

    def per_subject(self, kind: str) -> list[int]:
        plans = (LARGE._dealt.plan(kind, index) for index in range(LARGE.size))
        return [len(plan) for plan in plans if plan]

    def test_penalties(self):
        counts = self.per_subject("Penalty")

        assert 0.042 <= len(counts) / LARGE.size <= 0.046
        assert 1.8 <= sum(counts) / len(counts) <= 2.0

    def test_licences(self):
        counts = self.per_subject("Licence")

        assert 0.60 <= len(counts) / LARGE.size <= 0.64
        assert 1.9 <= sum(counts) / len(counts) <= 2.2

    def test_serious_lists(self):
        serious = {
            row.code
            for home in (Platform.NATIONAL, Platform.FILES)
            for row in World(size=20_000, dirt=False).rows(home, "ListEntry")
            if str(row.values["MDDM"]).startswith("L")
        }

        assert 0.029 <= len(serious) / LARGE.size <= 0.033

    def test_incentives_and_good_grades(self):
        grades = [
            row
            for row in World(size=4_000, dirt=False).rows(Platform.NATIONAL, "Grade")
            if row.values["PJFA"] == "GBT45255-2025"
        ]
        good = sum(row.values["XYDJ"] in {"A", "B"} for row in grades)
        praised = sum(row.values["BZ"] == "守信激励对象" for row in grades)

        assert 0.90 <= good / len(grades) <= 0.96
        assert 0.86 <= praised / len(grades) <= 0.90

    def test_most_subjects_are_sichuans(self):
        here = sum(LARGE.subject(index).region.startswith("51") for index in range(5_000))

        assert 0.74 <= here / 5_000 <= 0.84


class TestDirt:
    def test_rates(self):
        rows = [row for kind in ("Registration", "Licence", "Grade") for row in LARGE.rows(Platform.NATIONAL, kind)]
        found = [row.dirt for row in rows if row.dirt]

        assert 0.035 <= len(found) / len(rows) <= 0.044
        for label, rate, _ in RATES:
            assert 0.6 <= found.count(label) / (rate * len(rows) / 10_000) <= 1.5, label

    def test_unit_slips_fall_on_fines(self):
        fines = [row for row in LARGE.rows(Platform.NATIONAL, "Penalty") if row.values["CF_NR_FK"]]
        slipped = [row for row in fines if row.dirt == "unit_slip"]

        assert 0.5 <= len(slipped) / (len(fines) * UNIT_SLIP_RATE / 10_000) <= 1.7
        assert all(float(str(row.values["CF_NR_FK"])) >= 10_000 for row in slipped)

    def test_a_clean_row_bears_a_code_that_checks(self):
        for kind, column in (("Registration", "TYSHXYDM"), ("Penalty", "CF_XDR_SHXYM"), ("Licence", "XK_XDR_SHXYM")):
            for row in LARGE.rows(Platform.NATIONAL, kind):
                if row.dirt in {"wrong_check", "old_number", "no_code", "organisation_only"}:
                    assert not is_uscc(str(row.values[column]))
                else:
                    assert row.values[column] == row.code
                    assert is_uscc(row.code)

    def test_turned_off_there_is_none(self):
        rows = everything(World(size=400, dirt=False))

        assert {None} == {row.dirt for row in rows}
        assert {"I"} == {row.op for row in rows}

    def test_the_showcase_is_never_dirty(self):
        for code in SMALL.showcase():
            for platform in Platform:
                for kind in KINDS:
                    assert all(row.dirt is None and row.op == "I" for row in SMALL.of(platform, kind, code))

    def test_personal_numbers_stand_only_where_dirt_put_them_and_are_nobodys(self):
        told = re.compile(r"\d{17}[\dXx]")
        for row in LARGE.rows(Platform.NATIONAL, "Licence"):
            texts = [value for value in row.values.values() if isinstance(value, str) and value != row.code]
            found = [text[start:end] for text in texts for start, end in spans_of_citizen_numbers(text)]
            assert bool(found) == (row.dirt == "citizen_number")
            assert all(number.startswith("99000019000101") for number in found)
            if not found:
                assert not [number for number in told.findall(" ".join(texts)) if is_citizen_number(number)]

    def test_an_invented_citizen_number_has_the_form_of_one(self):
        assert all(is_citizen_number(invented_citizen_number(order)) for order in range(999))


class TestEdits:
    def test_a_record_that_is_put_shows_at_the_end(self):
        world = World()
        code = world.showcase()[1]

        put = world.put(Platform.NATIONAL, "Penalty", code, {"CF_WSH": "模拟罚〔2026〕1号"})

        assert list(world.rows(Platform.NATIONAL, "Penalty"))[-1] == put
        assert world.of(Platform.NATIONAL, "Penalty", code) == [put]
        assert put.updated == world.begin + timedelta(seconds=1)

    def test_a_corrected_record_moves_to_the_end_and_is_counted_once(self):
        world = World()
        row = next(world.rows(Platform.NATIONAL, "Licence"))
        before = world.count(Platform.NATIONAL, "Licence")

        changed = world.correct(row, {"BZ": "更正"})

        assert before == world.count(Platform.NATIONAL, "Licence")
        assert 1 == world.count(Platform.NATIONAL, "Licence", since=changed.place)
        assert ("U", "更正") == (changed.op, changed.values["BZ"])

    def test_a_withdrawn_penalty_stays_as_a_tombstone_with_its_reason(self):
        world = World()
        row = world.of(Platform.NATIONAL, "Penalty", world.showcase()[0])[0]

        gone = world.withdraw(row, "复议撤销")

        assert ("D", "复议撤销") == (gone.op, gone.values["cutreason"])
        assert gone in world.of(Platform.NATIONAL, "Penalty", row.code)

    def test_a_record_can_be_corrected_twice(self):
        world = World()
        row = next(world.rows(Platform.FILES, "Licence"))
        once = world.correct(row, {"BZ": "一"})
        twice = world.correct(once, {"BZ": "二"})

        assert [twice] == [kept for kept in world.of(Platform.FILES, "Licence", row.code) if kept.row_id == row.row_id]
        assert [once, twice] == world.edits.journal

    def test_an_unknown_subject_gets_no_record(self):
        with pytest.raises(KeyError):
            World().put(Platform.NATIONAL, "Penalty", "91510100XN00000000")

    def test_the_clock_does_not_go_back(self):
        with pytest.raises(ValueError, match="forward"):
            World().advance(timedelta(seconds=-1))

    def test_days_bring_changes_and_the_same_ones_every_time(self):
        one, other = World(), World()

        assert one.live(5) == other.live(5)
        assert len(one.edits.journal) == 15
        assert {"I", "U", "D"} >= {row.op for row in one.edits.journal}


class TestShowcase:
    """The demo asks about subject 0: every kind must be there, on every platform."""

    def found(self, kind: str) -> list[WorldRow]:
        return [row for platform in Platform for row in SMALL.of(platform, kind, SMALL.showcase()[0])]

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_is_told_of_subject_0(self, kind):
        assert self.found(kind)

    @pytest.mark.parametrize("platform", Platform)
    def test_every_platform_tells_of_subject_0(self, platform):
        assert any(SMALL.of(platform, kind, SMALL.showcase()[0]) for kind in KINDS)

    def test_penalties_of_every_class_and_state(self):
        told = {(row.values["SXCD"], row.values["publicstatus"]) for row in self.found("Penalty")}

        assert {
            ("一般", "公示中"),
            ("严重", "公示中"),
            ("轻微", "不公示"),
            ("一般", "已到期"),
            ("一般", "已修复"),
        } == told

    def test_grades_of_both_schemes(self):
        told = {(row.values["PJFA"], row.values["XYDJ"]) for row in self.found("Grade")}

        assert {("GBT45255-2025", "B"), ("CEC", "AAA")} == told

    def test_a_serious_list_left_behind_and_a_watch_list_in_force(self):
        told = {(row.values["MDDM"], row.values["MDZT"]) for row in self.found("ListEntry")}

        assert {("L06", "已移出"), ("W02", "在列")} == told

    def test_one_bill_open_and_one_paid(self):
        assert ["欠费中", "已缴清"] == [row.values["QFZT"] for row in self.found("Arrears")]

    def test_subject_1_has_nothing_against_it(self):
        clean = SMALL.showcase()[1]

        for kind in ("Penalty", "ListEntry", "SupplierSanction", "Arrears"):
            assert not any(SMALL.of(platform, kind, clean) for platform in Platform)

    def test_the_others_are_who_they_are_said_to_be(self):
        subjects = [SMALL.subject(index) for index in range(8)]

        assert subjects[2].parent == subjects[0].code
        assert subjects[3].former_name == SMALL.of(Platform.FILES, "Penalty", subjects[3].code)[0].values["CF_XDR_MC"]
        assert subjects[4].status == "注销"
        assert subjects[5].code.startswith("92")
        assert subjects[6].status == "存续"
        assert SMALL.of(Platform.GROUP, "SupplierSanction", subjects[7].code)[0].values["permanent"] is True
