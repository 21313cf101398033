"""How a search finds a subject: which way, and what finds nothing."""

import pytest

from schema.identifiers.names import initials, name_key
from schema.identifiers.search import Way, search_terms, way_found

NAME = "国网四川省电力公司"
FORMER = "四川省电力公司"


def found_by(query: str) -> Way | None:
    return way_found(search_terms(query), key=name_key(NAME), former_keys={name_key(FORMER)}, initials=initials(NAME))


class TestWayFound:
    @pytest.mark.parametrize(
        ("query", "way"),
        [
            ("國網 四川省電力公司", Way.EXACT),
            ("四川省电力公司", Way.FORMER),
            ("四川", Way.CONTAINED),
            ("gwsc", Way.INITIALS),
            ("SCS", Way.INITIALS),
            ("ｇｗ", Way.INITIALS),
        ],
    )
    def test_first_way_that_holds(self, query, way):
        assert way is found_by(query)

    @pytest.mark.parametrize("query", ["", " ", "（）", "国", "g", "宏达", "xyz", "四川%", "_", "gw-sc!", "%"])
    def test_nothing_found(self, query):
        assert found_by(query) is None

    def test_one_character_finds_a_name_of_one_character(self):
        assert Way.EXACT is way_found(search_terms("国"), key="国", former_keys=(), initials="g")

    def test_exact_is_shown_before_former_before_contained_before_initials(self):
        assert [Way.EXACT, Way.FORMER, Way.CONTAINED, Way.INITIALS] == sorted(Way)
