"""Who counts as one and the same where attempts are counted."""

import pytest

from hub.errors import RateLimitedError
from hub.identity.officers.attempts import KNOCKS, Attempts, knock


class TestKnock:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("2001:db8::1", "2001:db8::ffff:1"),
            ("2001:db8::1", "2001:DB8:0:0:1:2:3:4"),
            ("192.0.2.7", "::ffff:192.0.2.7"),
            (None, "no address"),
        ],
    )
    def test_one_client_has_one_count_however_it_writes_its_address(self, one, other):
        assert knock(one).key == knock(other).key

    @pytest.mark.parametrize(
        ("one", "other"),
        [("2001:db8::1", "2001:db8:0:1::1"), ("192.0.2.7", "192.0.2.8"), (None, "192.0.2.7")],
    )
    def test_another_client_has_another(self, one, other):
        assert knock(one).key != knock(other).key

    async def test_a_client_of_ipv6_knocks_no_more_often_for_having_many_addresses(self, bureau):
        attempts: Attempts = bureau.parts.attempts
        for number in range(KNOCKS.free):
            await attempts.begin([knock(f"2001:db8::{number:x}")])

        with pytest.raises(RateLimitedError):
            await attempts.begin([knock("2001:db8::beef")])
        await attempts.begin([knock("2001:db8:0:1::beef")])
