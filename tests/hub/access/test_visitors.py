"""The public is counted by where it comes from, in bounded memory, and nobody's address is kept."""

import gc
from datetime import UTC, datetime, timedelta

import pytest

from hub.access.visitors import VISITORS_KEY_SIZE, Visitors, network_of
from hub.audit.errors import OverBudgetError

AT = datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC)
KEY = bytes(VISITORS_KEY_SIZE)


def visitors(per_minute=2, **more) -> Visitors:
    return Visitors(per_minute, key=KEY, **more)


def admitted(found: Visitors, peer, at=AT) -> bool:
    try:
        found.admit(peer, at)
    except OverBudgetError:
        return False
    return True


class TestAdmit:
    def test_as_many_as_allowed_come_in_and_no_more(self):
        found = visitors()

        assert [True, True, False, False] == [admitted(found, "192.0.2.1") for _ in range(4)]

    def test_each_address_has_its_own_count(self):
        found = visitors(1)

        assert [True, True, False] == [admitted(found, peer) for peer in ("192.0.2.1", "192.0.2.2", "192.0.2.1")]

    def test_the_next_minute_begins_anew(self):
        found = visitors(1)

        assert [True, False, True] == [
            admitted(found, "192.0.2.1", AT + timedelta(seconds=seconds)) for seconds in (0, 44, 45)
        ]

    def test_the_refusal_names_the_limit_and_when_it_is_free_again(self):
        found = visitors(1)
        found.admit("192.0.2.1", AT)
        with pytest.raises(OverBudgetError) as refusal:
            found.admit("192.0.2.1", AT)

        assert (1, 1) == (refusal.value.limit, refusal.value.used)
        assert datetime(2026, 11, 20, 8, 31, tzinfo=UTC).timestamp() == refusal.value.free_at
        assert "192" not in str(refusal.value)

    def test_it_tells_what_is_used(self):
        found = visitors(5)
        found.admit("192.0.2.1", AT)
        (level,) = found.admit("192.0.2.1", AT)

        assert (5, 2) == (level.limit, level.used)

    @pytest.mark.parametrize("other", ["2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:DB8:0:1::2%eth0"])
    def test_a_network_of_ipv6_is_one_client(self, other):
        """Whoever has one address of a /64 has 2^64 of them."""
        found = visitors(1)

        assert [True, False] == [admitted(found, peer) for peer in ("2001:db8:0:1::1", other)]

    def test_another_network_of_ipv6_is_another_client(self):
        found = visitors(1)

        assert [True, True] == [admitted(found, peer) for peer in ("2001:db8:0:1::1", "2001:db8:0:2::1")]

    def test_an_ipv4_address_written_as_ipv6_is_the_same_client(self):
        found = visitors(1)

        assert [True, False] == [admitted(found, peer) for peer in ("192.0.2.1", "::ffff:192.0.2.1")]

    @pytest.mark.parametrize("peer", [None, "", "unix:", "a" * 300, "192.0.2.1:80", "\x00"])
    def test_what_is_no_address_shares_one_count(self, peer):
        """Where nobody can be told from another, all together get what one gets."""
        found = visitors(1)
        found.admit(None, AT)

        assert not admitted(found, peer)

    def test_with_more_addresses_than_fit_the_last_share_one_count(self):
        """Nobody gains by coming from many addresses, and nobody who was there before loses a count."""
        found = visitors(1, memory=10)
        early = [admitted(found, f"192.0.2.{number}") for number in range(10)]
        late = [admitted(found, f"198.51.100.{number}") for number in range(50)]
        again = [admitted(found, f"192.0.2.{number}") for number in range(10)]

        assert [True] * 10 == early
        assert 1 == late.count(True)
        assert not any(again)
        assert found.known <= 11

    def test_without_a_limit_nobody_is_counted(self):
        found = visitors(None)

        assert all(admitted(found, "192.0.2.1") for _ in range(100))
        assert 0 == found.known

    def test_no_address_is_kept(self):
        found = visitors()
        found.admit("192.0.2.77", AT)
        held = repr([vars(found), *gc.get_referents(vars(found))])

        assert "192.0.2" not in held
        assert str(bytes([192, 0, 2, 77])) not in held

    def test_under_another_key_the_same_address_has_another_name(self):
        first, second = visitors(), Visitors(2, key=bytes([1]) * VISITORS_KEY_SIZE)
        for found in (first, second):
            found.admit("192.0.2.1", AT)

        assert first._counts.keys() != second._counts.keys()

    @pytest.mark.parametrize("key", [b"", bytes(16), bytes(64)])
    def test_a_key_of_another_length_is_refused(self, key):
        with pytest.raises(ValueError, match="key"):
            Visitors(1, key=key)


class TestNetworkOf:
    @pytest.mark.parametrize(
        ("peer", "size"), [("192.0.2.1", 4), ("::ffff:192.0.2.1", 4), ("2001:db8::1", 8), (None, 0), ("hub.example", 0)]
    )
    def test_an_address_counts_as_its_network(self, peer, size):
        assert size == len(network_of(peer))
