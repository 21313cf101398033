"""Client certificates passed on by a proxy: believed of one we trust, refused of anybody else."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hub.errors import BadInputError
from hub.identity.certificates import Certificates, networks_of
from hub.identity.public_keys import to_base64url
from tests.hub.gateway.standin import NOW

PROXY, STRANGER = "10.1.2.3", "192.0.2.7"


def certificate(name: str = "client") -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    begins = NOW.replace(tzinfo=None)
    dated = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=1))
    return dated.serial_number(1).sign(key, hashes.SHA256())


CERTIFICATE = certificate()
DER = CERTIFICATE.public_bytes(Encoding.DER)
PEM = CERTIFICATE.public_bytes(Encoding.PEM).decode()
FIELD = b":" + base64.b64encode(DER) + b":"
NAME = to_base64url(hashlib.sha256(DER).digest())


@pytest.fixture
def certificates() -> Certificates:
    return Certificates(networks_of("10.1.0.0/16, ::1, 2001:db8::/32"))


class TestThumbprint:
    @pytest.mark.parametrize(
        "header",
        [
            FIELD,
            quote(PEM).encode(),
            quote(PEM, safe="").encode(),
            f'Hash=abc;Cert="{quote(PEM, safe="")}";Subject="CN=client,O=x"'.encode(),
            f'By=spiffe://x;Cert="{quote(PEM, safe="")}"'.encode(),
        ],
    )
    def test_what_a_trusted_proxy_passes_on_is_named(self, certificates, header):
        """RFC 9440, nginx and Envoy spell it each in their way."""
        assert [NAME, NAME] == [certificates.thumbprint(header, PROXY) for _ in range(2)]

    @pytest.mark.parametrize("peer", [PROXY, "::1", "2001:db8::5", "::ffff:10.1.9.9"])
    def test_trusted_by_address(self, certificates, peer):
        assert NAME == certificates.thumbprint(FIELD, peer)

    @pytest.mark.parametrize("peer", [STRANGER, "10.2.0.1", "::2", "::ffff:192.0.2.7", "", "proxy", None])
    def test_from_anybody_else_the_request_is_refused(self, certificates, peer):
        for _ in range(2):
            with pytest.raises(BadInputError, match="not a trusted proxy"):
                certificates.thumbprint(FIELD, peer)

    def test_trusting_nobody_refuses_everybody(self):
        with pytest.raises(BadInputError):
            Certificates(()).thumbprint(FIELD, "127.0.0.1")

    @pytest.mark.parametrize("peer", [PROXY, STRANGER, None])
    def test_no_header_is_no_certificate(self, certificates, peer):
        assert certificates.thumbprint(None, peer) is None

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"x",
            b"::",
            b":AAAA:",
            FIELD + b", " + FIELD,
            FIELD[:-1],
            FIELD[1:],
            b":" + base64.b64encode(DER[:-1]) + b":",
            b":" + base64.b64encode(DER + b"x") + b":",
            b": " + base64.b64encode(DER) + b":",
            quote(PEM + PEM).encode(),
            PEM.replace("CERTIFICATE", "PRIVATE KEY").encode(),
            f'Cert="{quote(PEM, safe="")}",Cert="{quote(PEM, safe="")}"'.encode(),
            f'Cert="{quote(PEM, safe="")}";Cert="{quote(PEM, safe="")}"'.encode(),
            b'Cert=""',
            b"\xff\xfe",
            b":" + b"A" * 40_000 + b":",
        ],
    )
    def test_what_is_not_one_certificate_is_refused(self, certificates, header):
        with pytest.raises(BadInputError, match="exactly one client certificate"):
            certificates.thumbprint(header, PROXY)

    def test_another_certificate_has_another_name(self, certificates):
        other = base64.b64encode(certificate("other").public_bytes(Encoding.DER))

        assert NAME != certificates.thumbprint(b":" + other + b":", PROXY)


class TestNetworksOf:
    @pytest.mark.parametrize("text", ["x", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.1;10.0.0.2", "::1/200"])
    def test_refused(self, text):
        with pytest.raises(ValueError, match=r"\S"):
            networks_of(text)

    def test_none_and_several(self):
        assert [0, 0, 2] == [len(networks_of(text)) for text in ("", " , ", "10.0.0.1, fd00::/8")]
