import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey

from keys.errors import NoteError, RingError
from keys.notes import open_note, sign
from keys.ring import KeyRing, KeyUse, TokenAlgorithm, thumbprint

NAME = "hub.example/log"


@pytest.fixture
def ring(tmp_path):
    return KeyRing.open(f"file:{tmp_path / 'keys'}", create=True)


def file_of(ring):
    (path,) = ring.directory.iterdir()
    return path


class TestOpen:
    def test_a_new_ring_is_its_owners_alone(self, ring):
        assert 0o700 == stat.S_IMODE(ring.directory.stat().st_mode)

    def test_an_address_may_be_written_in_each_way_of_a_file_uri(self, ring):
        for uri in (f"file:{ring.directory}", f"file://{ring.directory}", f"file://localhost{ring.directory}"):
            assert ring == KeyRing.open(uri)

    def test_a_relative_address_is_taken_from_the_working_directory(self, ring, monkeypatch):
        monkeypatch.chdir(ring.directory.parent)

        assert "keys" == str(KeyRing.open("file:keys").directory)

    @pytest.mark.parametrize(
        "uri", ["", "keys", "/keys", "http://host/keys", "file:", "file://other.host/keys", "awskms:1"]
    )
    def test_another_address_is_refused(self, uri):
        with pytest.raises(RingError):
            KeyRing.open(uri)

    def test_an_absent_directory_is_refused_unless_it_may_be_made(self, tmp_path):
        with pytest.raises(RingError):
            KeyRing.open(f"file:{tmp_path / 'absent'}")

    @pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
    def test_a_directory_others_may_write_is_refused(self, ring, mode):
        ring.directory.chmod(mode)

        with pytest.raises(RingError):
            KeyRing.open(f"file:{ring.directory}")


class TestNoteKeys:
    def test_a_key_made_once_signs_ever_after(self, ring):
        made = ring.create_note_key(NAME)
        taken = KeyRing.open(f"file:{ring.directory}").signer(NAME)

        assert made.verifier == taken.verifier
        assert "text\n" == open_note(sign("text\n", [taken]), [made.verifier])

    def test_its_file_is_the_owners_alone_whatever_the_umask(self, ring):
        before = os.umask(0)
        try:
            ring.create_note_key(NAME)
        finally:
            os.umask(before)

        assert 0o600 == stat.S_IMODE(file_of(ring).stat().st_mode)

    def test_a_key_is_never_overwritten(self, ring):
        made = ring.create_note_key(NAME)

        with pytest.raises(RingError, match="already"):
            ring.create_note_key(NAME)
        assert made.verifier == ring.signer(NAME).verifier

    def test_of_many_makers_at_once_one_wins_and_all_see_its_key(self, ring):
        def make(_):
            try:
                return ring.create_note_key(NAME).verifier
            except RingError:
                return None

        with ThreadPoolExecutor(8) as pool:
            made = [verifier for verifier in pool.map(make, range(16)) if verifier is not None]

        assert [ring.signer(NAME).verifier] == made
        assert ["hub.example%2Flog.note.jwk"] == [path.name for path in ring.directory.iterdir()]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o610])
    def test_a_file_open_to_others_is_refused(self, ring, mode):
        ring.create_note_key(NAME)
        file_of(ring).chmod(mode)

        with pytest.raises(RingError, match="open to others"):
            ring.signer(NAME)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"[]",
            b"{}",
            b"not json",
            b'{"d":1}',
            b'{"kty":"OKP","crv":"Ed25519","d":"AAAA","x":"AAAA"}',
            b'{"kty":"OKP","crv":"Ed25519","d":"!!","x":"AAAA"}',
            b"\xff",
        ],
    )
    def test_a_damaged_file_is_refused_without_showing_it(self, ring, content):
        ring.create_note_key(NAME)
        file_of(ring).write_bytes(content)

        with pytest.raises(RingError) as refusal:
            ring.signer(NAME)
        assert "AAAA" not in str(refusal.value)

    def test_what_is_no_file_is_refused(self, ring):
        (ring.directory / "hub.example%2Flog.note.jwk").mkdir(mode=0o700)

        with pytest.raises(RingError):
            ring.signer(NAME)

    def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(self, ring):
        os.mkfifo(ring.directory / "hub.example%2Flog.note.jwk", mode=0o600)

        with pytest.raises(RingError):
            ring.signer(NAME)

    def test_an_absent_key_is_refused_by_name(self, ring):
        with pytest.raises(RingError, match=NAME):
            ring.signer(NAME)

    @pytest.mark.parametrize("name", ["", ".", "../escape", ".hidden"])
    def test_a_name_that_leads_elsewhere_is_refused(self, ring, name):
        with pytest.raises((RingError, NoteError)):
            ring.create_note_key(name)

    def test_a_slash_in_a_name_leads_nowhere(self, ring):
        ring.create_note_key("a/../../b")

        assert ("a/../../b",) == ring.names(KeyUse.NOTE)
        assert ring.directory == file_of(ring).parent

    def test_a_ring_that_cannot_be_written_says_so(self, ring):
        ring.directory.rmdir()

        with pytest.raises(RingError, match="cannot be written"):
            ring.create_note_key(NAME)

    def test_a_name_too_long_for_a_file_says_so(self, ring):
        with pytest.raises(RingError, match="cannot be written"):
            ring.create_note_key("a" * 300)
        with pytest.raises(RingError, match="cannot be read"):
            ring.signer("a" * 300)


class TestTokenKeys:
    @pytest.mark.parametrize(("algorithm", "kind"), [(TokenAlgorithm.ES256, ECKey), (TokenAlgorithm.ED25519, OKPKey)])
    def test_what_is_signed_with_one_verifies_against_the_published_set(self, ring, algorithm, kind):
        """With another library than ours, by key id."""
        private = ring.create_token_key("tokens", algorithm)
        token = jwt.encode(
            {"alg": algorithm.value, "kid": private["kid"]},
            {"sub": "x"},
            kind.import_key(private),
            algorithms=[algorithm.value],
        )
        claims = jwt.decode(token, KeySet.import_key_set(ring.jwks()), algorithms=[algorithm.value]).claims

        assert {"sub": "x"} == claims
        assert kind.import_key(private).thumbprint() == private["kid"]

    def test_the_published_set_holds_no_private_part_and_no_log_key(self, ring):
        ring.create_note_key(NAME)
        private = ring.create_token_key("tokens")
        published = ring.jwks()

        assert [private["kid"]] == [key["kid"] for key in published["keys"]]
        assert private["d"] not in json.dumps(published)
        assert {"kty", "crv", "x", "y", "alg", "use", "kid"} == published["keys"][0].keys()

    def test_a_key_of_one_use_does_not_serve_the_other(self, ring):
        ring.create_note_key("one")
        ring.create_token_key("two")

        with pytest.raises(RingError):
            ring.private_jwk("one")
        with pytest.raises(RingError):
            ring.signer("two")

    def test_an_unsafe_file_stops_the_publication(self, ring):
        ring.create_token_key("tokens")
        file_of(ring).chmod(0o644)

        with pytest.raises(RingError):
            ring.jwks()


class TestSecrets:
    def test_a_secret_made_once_is_the_same_ever_after(self, ring):
        made = ring.create_secret("cursors", 32)

        assert 32 == len(made)
        assert made == KeyRing.open(f"file:{ring.directory}").secret("cursors")
        assert 0o600 == stat.S_IMODE(file_of(ring).stat().st_mode)

    def test_a_secret_is_never_published(self, ring):
        ring.create_secret("cursors", 32)

        assert {"keys": []} == ring.jwks()

    def test_a_secret_is_never_overwritten(self, ring):
        made = ring.create_secret("cursors", 32)

        with pytest.raises(RingError, match="already"):
            ring.create_secret("cursors", 32)
        assert made == ring.secret("cursors")

    @pytest.mark.parametrize("content", [b"{}", b'{"kty":"oct"}', b'{"kty":"oct","k":"!!"}'])
    def test_a_damaged_secret_is_refused(self, ring, content):
        ring.create_secret("cursors", 32)
        file_of(ring).write_bytes(content)

        with pytest.raises(RingError):
            ring.secret("cursors")


class TestThumbprint:
    def test_an_okp_key_of_the_standard(self):
        """RFC 8037, A.3."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

        assert "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" == thumbprint(jwk)

    @pytest.mark.parametrize("jwk", [{}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "OKP", "crv": "Ed25519"}])
    def test_a_key_that_is_no_whole_one_is_refused(self, jwk):
        with pytest.raises(RingError):
            thumbprint(jwk)
