"""Filters, sorting and paging over the records an asker may list."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.access.cursors import SealedCursors
from schema.catalogue import Grade, Licence, Penalty
from schema.graph.connection import CursorError
from schema.records import Severity
from tests.support.people import standing
from tests.support.worlds import OTHER, SUBJECT, World, dossier, stored

PUBLIC = standing()


def penalty(key, day, *, fine=None, severity=Severity.GENERAL, kinds=("罚款",)):
    body = Penalty(document_no=f"D-{key}", decided_on=day, fine_amount=fine, penalty_kinds=kinds)
    return stored(body, key, severity=severity, publicity_to="2099-01-01")


RECORDS = (
    penalty("a", "2026-01-05", fine="9.5"),
    penalty("b", "2026-03-05", fine="10.25", severity=Severity.SERIOUS),
    penalty("c", None, fine="100"),
    penalty("d", "2026-03-04", kinds=("罚款", "警告")),
    stored(Grade(scheme="CEC", grade="AA", issued_on="2025-03-01"), "e"),
    stored(Licence(document_no="L-1", decided_on="2026-02-01"), "f"),
)


@pytest.fixture
def world(ground):
    return World(ground, {SUBJECT: dossier(*RECORDS), OTHER: dossier(*RECORDS, code=OTHER)})


def ask(world, arguments="", selection="id", code=SUBJECT, **variables):
    node = f"node {{ {selection} ... on Penalty {{ documentNo }} }}"
    info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    listed = f"records{arguments} {{ totalCount edges {{ cursor {node} }} {info} }}"
    document = f'{{ subject(code: "{code}") {{ {listed} }} }}'
    return world.ask(PUBLIC, document, variables)


def numbers(told):
    return [edge["node"].get("documentNo") for edge in told.data["subject"]["records"]["edges"]]


class TestOrder:
    def test_newest_main_day_comes_first_and_those_without_come_last(self, world):
        assert ["D-b", "D-d", "D-a", "D-c"] == numbers(ask(world, "(kinds: [PENALTY])"))

    def test_ascending_still_puts_those_without_a_day_last(self, world):
        told = ask(world, "(kinds: [PENALTY], orderBy: {direction: ASC})")

        assert ["D-a", "D-d", "D-b", "D-c"] == numbers(told)

    def test_sort_by_a_field_of_one_kind_puts_other_kinds_last(self, world):
        told = ask(world, "(orderBy: {field: PENALTY_DECIDED_ON})")

        assert ["D-b", "D-d", "D-a"] == numbers(told)[:3]


class TestFilters:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ('{dayFrom: "2026-02-01"}', {"D-b", "D-d", None}),
            ('{dayTo: "2026-01-31"}', {"D-a", None}),
            ("{severity: [SERIOUS]}", {"D-b"}),
            ("{severity: []}", set()),
            ("{state: [PUBLISHED], severity: [GENERAL]}", {"D-a", "D-c", "D-d"}),
            ("{state: [REPAIRED]}", set()),
            ('{fields: [{field: PENALTY_DOCUMENT_NO, equals: "D-a"}]}', {"D-a"}),
            ('{fields: [{field: PENALTY_PENALTY_KINDS, equals: "警告"}]}', {"D-d"}),
            ('{fields: [{field: PENALTY_DECIDED_ON, atLeast: "2026-03-01", atMost: "2026-03-31"}]}', {"D-b", "D-d"}),
            (
                '{fields: [{field: PENALTY_DOCUMENT_NO, equals: "D-a"}, {field: LICENCE_DOCUMENT_NO, equals: "L-1"}]}',
                set(),
            ),
        ],
    )
    def test_all_parts_given_must_hold(self, world, where, expected):
        assert expected == set(numbers(ask(world, f"(where: {where})")))

    def test_kinds_restrict_the_list(self, world):
        assert 1 == ask(world, "(kinds: [LICENCE])").data["subject"]["records"]["totalCount"]

    def test_no_kind_at_all_lists_nothing(self, world):
        assert 0 == ask(world, "(kinds: [])").data["subject"]["records"]["totalCount"]


class TestBounds:
    @pytest.mark.parametrize("day", ["5", "2026-3-5", "2026-02-30", "zzzz", "2026-03-05T00:00:00"])
    def test_day_that_is_none_is_refused_before_anything_is_read(self, world, day):
        from hub.road.documents import RequestFaultError

        with pytest.raises(RequestFaultError):
            ask(world, f'(where: {{dayFrom: "{day}"}})')

    @pytest.mark.parametrize("bound", ["abc", "NaN", "sNaN", "Infinity", "1e5", "", "１２"])
    def test_number_that_is_none_is_refused(self, ground, bound):
        """
        A bound that is no number must not match everything, nor raise.
        """
        from graphql import GraphQLError

        from schema.graph.connection import field_match

        with pytest.raises(GraphQLError, match="decimal number"):
            field_match(ground.exchange.specs["Penalty.fineAmount"], None, bound, None)


class TestPages:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
    @given(size=st.integers(1, 7), ascending=st.booleans())
    def test_pages_of_any_size_are_the_whole_list_once(self, world, size, ascending):
        order = ", orderBy: {direction: ASC}" if ascending else ""
        whole = [edge["node"]["id"] for edge in ask(world, f"(first: 100{order})").data["subject"]["records"]["edges"]]
        seen, after = [], None
        while True:
            cursor = f', after: "{after}"' if after else ""
            page = ask(world, f"(first: {size}{order}{cursor})").data["subject"]["records"]
            seen += [edge["node"]["id"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]

        assert whole == seen

    def test_page_goes_on_where_a_record_has_left_the_list(self, ground, world):
        first = ask(world, "(first: 2)").data["subject"]["records"]
        after = first["pageInfo"]["endCursor"]
        left = World(ground, {SUBJECT: dossier(*(one for one in RECORDS if one.key != "d"))})

        rest = ask(left, f'(first: 10, after: "{after}")').data["subject"]["records"]

        assert "D-a" in [edge["node"].get("documentNo") for edge in rest["edges"]]

    @pytest.mark.parametrize("first", [0, -1, 201])
    def test_page_size_out_of_bounds_is_refused(self, world, first):
        told = ask(world, f"(first: {first})")

        assert "BAD_USER_INPUT" == told.errors[0]["extensions"]["code"]
        assert "first" == told.errors[0]["extensions"]["argument"]

    @pytest.mark.parametrize("cursor", ["", "x", "AAAA", "%%%", "é", "A" * 3000])
    def test_cursor_that_was_not_made_here_is_refused(self, world, cursor):
        told = ask(world, f'(after: "{cursor}")')

        assert "BAD_USER_INPUT" == told.errors[0]["extensions"]["code"]

    def test_cursor_of_another_subject_or_filter_is_refused(self, world):
        after = ask(world, "(first: 1)").data["subject"]["records"]["pageInfo"]["endCursor"]

        other_subject = ask(world, f'(first: 1, after: "{after}")', code=OTHER)
        other_filter = ask(world, f'(first: 1, kinds: [PENALTY], after: "{after}")')

        assert "BAD_USER_INPUT" == other_subject.errors[0]["extensions"]["code"]
        assert "BAD_USER_INPUT" == other_filter.errors[0]["extensions"]["code"]

    def test_cursor_shows_nothing_of_the_record(self, world):
        told = ask(world, "(first: 1)")

        cursor = told.data["subject"]["records"]["edges"][0]["cursor"]
        assert "Penalty" not in cursor
        assert "2026" not in cursor


class TestSealedCursors:
    @given(scope=st.text(max_size=40), position=st.text(max_size=60))
    def test_what_is_sealed_opens_to_the_same(self, scope, position):
        cursors = SealedCursors(bytes(range(64)))

        assert position == cursors.open(scope, cursors.seal(scope, position))

    @given(position=st.text(min_size=1, max_size=30), place=st.integers(0, 1000), other=st.sampled_from("ABCabc012-_"))
    def test_a_changed_cursor_does_not_open_to_something_else(self, position, place, other):
        cursors = SealedCursors(bytes(range(64)))
        cursor = cursors.seal("s", position)
        spoiled = cursor[: place % len(cursor)] + other + cursor[place % len(cursor) + 1 :]

        try:
            opened = cursors.open("s", spoiled)
        except CursorError:
            return
        assert position == opened

    def test_key_of_another_length_is_refused(self):
        with pytest.raises(ValueError, match="64 bytes"):
            SealedCursors(bytes(32))
