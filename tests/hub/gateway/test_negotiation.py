"""Media types: which is chosen, for every Accept a client may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadInputError
from hub.gateway.negotiation import GRAPHQL_RESPONSE, JSON, choose, wants_page


class TestChoose:
    @pytest.mark.parametrize(
        ("accept", "media"),
        [
            (None, JSON),
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            (JSON, JSON),
            (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
            (f"{GRAPHQL_RESPONSE}, {JSON};q=0.9", GRAPHQL_RESPONSE),
            (f"{JSON};q=0.9, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
            (f"{JSON}, {GRAPHQL_RESPONSE}", JSON),
            (f"{GRAPHQL_RESPONSE}, {JSON}", GRAPHQL_RESPONSE),
            (f"{GRAPHQL_RESPONSE};q=0.1, {JSON};q=0.2", JSON),
            (f"{GRAPHQL_RESPONSE}; charset=utf-8", GRAPHQL_RESPONSE),
            (f"{GRAPHQL_RESPONSE}; charset=gbk, {JSON}", JSON),
            (f"{JSON};q=0, */*", GRAPHQL_RESPONSE),
            ("text/html, */*;q=0.1", JSON),
            ("APPLICATION/JSON", JSON),
            (f"multipart/mixed, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
            (f"{JSON};q=x, {GRAPHQL_RESPONSE};q=0.1", GRAPHQL_RESPONSE),
        ],
    )
    def test_as_the_client_prefers(self, accept, media):
        assert media == choose(accept)

    @pytest.mark.parametrize(
        "accept", ["text/html", "*/*;q=0", f"{JSON};q=0", f"{JSON};q=2", f"{JSON};q=-1", "x" * 2000, ",,,", ";q=1"]
    )
    def test_nothing_acceptable(self, accept):
        with pytest.raises(BadInputError) as caught:
            choose(accept)
        assert 406 == caught.value.status

    @given(st.text(max_size=200))
    def test_any_text_gives_a_spoken_type_or_406(self, accept):
        try:
            outcome: object = choose(accept)
        except BadInputError as refusal:
            outcome = refusal.status

        assert outcome in {JSON, GRAPHQL_RESPONSE, 406}


class TestWantsPage:
    @pytest.mark.parametrize(
        ("accept", "page"),
        [(None, False), ("*/*", False), (JSON, False), ("text/html,*/*;q=0.8", True), (f"text/html,{JSON}", False)],
    )
    def test_only_a_browser(self, accept, page):
        assert page is wants_page(accept)
