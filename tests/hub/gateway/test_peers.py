"""Whom the hub believes where a request comes from."""

from ipaddress import ip_network

import pytest

from hub.gateway.peers import client_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
PROXY = "10.0.0.1"


class TestClientOf:
    def test_a_trusted_proxy_names_its_client(self):
        assert "192.0.2.7" == client_of(PROXY, [b"192.0.2.7"], TRUSTED)

    def test_through_several_trusted_proxies_the_last_that_is_none_is_the_client(self):
        assert "192.0.2.7" == client_of(PROXY, [b"192.0.2.7, 10.0.0.3", b" 10.0.0.2"], TRUSTED)

    @pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db9::1", "::1", None, "unix"])
    def test_from_anybody_else_the_header_means_nothing(self, peer):
        assert peer == client_of(peer, [b"198.51.100.9"], TRUSTED)

    def test_where_no_proxy_is_trusted_the_header_means_nothing(self):
        assert PROXY == client_of(PROXY, [b"198.51.100.9"], ())

    @pytest.mark.parametrize(
        "written", [b"198.51.100.9, 192.0.2.7", b"10.0.0.9, 192.0.2.7", b"junk, 192.0.2.7", b", ,192.0.2.7"]
    )
    def test_what_the_client_itself_wrote_before_means_nothing(self, written):
        """Else everybody could choose as whom to be counted."""
        assert "192.0.2.7" == client_of(PROXY, [written], TRUSTED)

    @pytest.mark.parametrize(
        "written", [b"", b"unknown", b"192.0.2.7:4711", b"_hidden", b"[2001:db8::1]", b"192.0.2.7;", b"\xff\xfe"]
    )
    def test_what_is_no_address_is_not_believed(self, written):
        assert PROXY == client_of(PROXY, [written], TRUSTED)

    def test_what_is_no_address_among_proxies_ends_at_the_last_known(self):
        assert "10.0.0.5" == client_of(PROXY, [b"192.0.2.7, unknown, 10.0.0.5"], TRUSTED)

    def test_without_the_header_the_proxy_counts_itself(self):
        assert PROXY == client_of(PROXY, [], TRUSTED)

    def test_a_proxy_on_an_ipv6_socket_is_the_same_proxy(self):
        assert "192.0.2.7" == client_of("::ffff:10.0.0.1", [b"192.0.2.7"], TRUSTED)

    def test_where_all_are_proxies_the_first_is_the_client(self):
        assert "10.0.0.9" == client_of(PROXY, [b"10.0.0.9, 10.0.0.8"], TRUSTED)

    def test_a_long_chain_is_read_to_an_end(self):
        """Whoever sends a thousand hops costs no more than sixteen."""
        assert "10.0.0.2" == client_of(PROXY, [b"192.0.2.7" + b",10.0.0.2" * 1_000], TRUSTED)
