"""The exchange platform's signature, by the vector of DOMAIN 11.5(1), and the key it rotates."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.errors import OperatorNeeded, RetryLater
from connectors.national.signature import KeyCache, SigningKey, open_key, signature, signed_headers

APP_KEY = "0123456789abcdef"
END = "1763600000000"


def seal(text: bytes, key: str = APP_KEY) -> str:
    padder = PKCS7(128).padder()
    writer = Cipher(algorithms.AES(key.encode()), modes.ECB()).encryptor()  # noqa: S305  the platform's wire format
    return base64.b64encode(writer.update(padder.update(text) + padder.finalize()) + writer.finalize()).decode()


class TestSignature:
    def test_vector_of_the_field(self):
        signed = signature("k3y-demo", "s_demo_0001", "r_demo_0001", "1700000000000")

        assert "CQBE6b3KYOEKUdDzmYcFx1iafQtFytNJO0+zCukiDQ8=" == signed

    def test_headers_carry_milliseconds_of_the_given_time(self):
        moment = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)

        assert {
            "gjgxjhpt_rid": "r_demo_0001",
            "gjgxjhpt_sid": "s_demo_0001",
            "gjgxjhpt_rtime": "1700000000000",
            "gjgxjhpt_sign": "CQBE6b3KYOEKUdDzmYcFx1iafQtFytNJO0+zCukiDQ8=",
        } == signed_headers("k3y-demo", sid="s_demo_0001", rid="r_demo_0001", now=moment)


class TestOpenKey:
    def test_opens_what_the_key_service_sealed(self):
        key = open_key("n", {"secret": seal(b"signing-key"), "secretEndTime": END}, APP_KEY)

        assert ("signing-key", datetime(2025, 11, 20, 0, 53, 20, tzinfo=UTC)) == (key.text, key.until)
        assert "signing-key" not in repr(key)

    @pytest.mark.parametrize(
        "data",
        [
            None,
            [],
            {},
            {"secret": "YWJj"},
            {"secret": 5, "secretEndTime": END},
            {"secret": "***", "secretEndTime": END},
            {"secret": seal(b"x"), "secretEndTime": "soon"},
            {"secret": seal(b"x"), "secretEndTime": "9" * 30},
        ],
    )
    def test_another_shape_is_retried_later(self, data: object):
        with pytest.raises(RetryLater, match="SRC_KEY"):
            open_key("n", data, APP_KEY)

    @pytest.mark.parametrize(
        ("sealed", "app_key"),
        [
            (seal(b"signing-key"), "another-16-bytes"),
            (seal(b"signing-key"), "short"),
            (seal(b""), APP_KEY),
            (seal("密钥".encode()), APP_KEY),
            (base64.b64encode(b"half a block").decode(), APP_KEY),
        ],
    )
    def test_what_the_application_key_does_not_open_needs_an_operator(self, sealed: str, app_key: str):
        with pytest.raises(OperatorNeeded, match="SRC_APP_KEY") as raised:
            open_key("n", {"secret": sealed, "secretEndTime": END}, app_key)

        assert app_key not in str(raised.value)


class TestKeyCache:
    async def test_a_key_that_arrives_ended_is_no_key(self):
        async def fetch() -> SigningKey:
            return SigningKey(text="k", until=datetime(2026, 1, 1, tzinfo=UTC))

        cache = KeyCache(source="n", fetch=fetch, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        with pytest.raises(RetryLater, match="SRC_KEY"):
            await cache.get()
