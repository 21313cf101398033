import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import NoteError
from keys.notes import Signer, Verifier, open_note, sign

# The example of C2SP signed-note, "Verifier keys".
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
LINE = (
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
NOTE = TEXT + "\n" + LINE

TEXTS = st.lists(st.text(st.characters(codec="utf-8", min_codepoint=32)), min_size=1).map("\n".join).map("{}\n".format)


def signer(name="log.example", seed=1):
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class TestOpenNote:
    def test_the_example_of_the_standard(self):
        assert TEXT == open_note(NOTE, [Verifier.parse(VKEY)])

    @given(TEXTS)
    def test_what_was_signed_opens_as_it_was(self, text):
        """Whatever the text is: empty lines, dashes and lines that look like signatures included."""
        assert text == open_note(sign(text, [signer()]), [signer().verifier])

    def test_a_text_that_ends_like_signatures_opens_whole(self):
        text = NOTE

        assert text == open_note(sign(text, [signer()]), [signer().verifier])

    def test_signatures_by_strangers_are_passed_over(self):
        note = sign(TEXT, [signer("a"), signer("b", 2), signer("c", 3)])

        assert TEXT == open_note(note, [signer("b", 2).verifier])

    def test_a_stranger_of_the_same_name_is_passed_over(self):
        note = sign(TEXT, [signer("a", 1), signer("a", 2)])

        assert TEXT == open_note(note, [signer("a", 2).verifier])

    def test_sixteen_signatures_are_accepted(self):
        note = sign(TEXT, [signer(f"witness{number}", number + 1) for number in range(16)])

        assert TEXT == open_note(note, [signer("witness15", 16).verifier])

    @pytest.mark.parametrize("verifiers", [[], [signer().verifier], [signer("example.com/foo").verifier]])
    def test_a_note_nobody_trusted_signed_is_refused(self, verifiers):
        with pytest.raises(NoteError, match="no trusted key"):
            open_note(NOTE, verifiers)

    def test_one_failing_signature_of_a_known_key_condemns_the_note(self):
        """Even when another known key did sign."""
        forged = sign("Another message.\n", [signer("b", 2)]).rpartition("\n\n")[2]

        with pytest.raises(NoteError, match="does not belong"):
            open_note(sign(TEXT, [signer("a")]) + forged, [signer("a").verifier, signer("b", 2).verifier])

    def test_two_keys_of_one_name_and_id_are_refused(self):
        first, second = colliding()

        with pytest.raises(NoteError, match="claim the name"):
            open_note(NOTE, [first, second])

    @pytest.mark.parametrize(
        "note",
        [
            "",
            "\n",
            TEXT,
            TEXT + LINE,
            TEXT + "\n",
            LINE,
            NOTE.replace("example message", "example massage"),
            NOTE.replace("Uw2QOkn8", "Uw2QOkn9"),
            NOTE.replace("message.", "message. "),
            NOTE[:-1],
            NOTE + "\n",
            NOTE + " ",
            NOTE + "no signature\n",
            NOTE + "— example.com/bar AAAA\n",
            NOTE + "— example.com/bar AAAAAA==\n",
            NOTE + "— example.com/bar AAAAAB==\n",
            NOTE + "— example.com/bar AAAAAA\n",
            NOTE + "— example.com/bar AAAA AAAA\n",
            NOTE + "— bad+name AAAAAAAA\n",
            NOTE + "—  AAAAAAAA\n",
            NOTE + "—\u00a0example.com/bar AAAAAAAA\n",
            NOTE + "- example.com/bar AAAAAAAA\n",
            NOTE.replace("\n", "\r\n"),
            NOTE.replace("This", "\tThis"),
            NOTE.replace("This", "\x00This"),
            NOTE.replace("This", "\ud800This"),
            NOTE.replace("— ", "—"),
            NOTE.replace("Uw2QOkn8", "Uw2QO kn8"),
            NOTE.replace("IneyaQM=", "IneyaQM"),
            NOTE.replace("IneyaQM=", "IneyaQN="),
            NOTE + LINE * 64,
            "x" * (1 << 20) + NOTE,
        ],
    )
    def test_a_malformed_or_changed_note_is_refused(self, note):
        with pytest.raises(NoteError):
            open_note(note, [Verifier.parse(VKEY)])


class TestSign:
    @pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "\x7f\x1f\n", "\ud800\n", "\r\n"])
    def test_a_text_no_note_may_hold_is_refused(self, text):
        with pytest.raises(NoteError):
            sign(text, [signer()])

    def test_a_note_nobody_signs_is_refused(self):
        with pytest.raises(NoteError):
            sign(TEXT, [])


class TestVerifier:
    def test_the_key_of_the_standard_is_read_and_written_alike(self):
        assert VKEY == Verifier.parse(VKEY).vkey()

    @given(st.binary(min_size=32, max_size=32))
    def test_every_key_is_read_as_written(self, key):
        verifier = Verifier(name="log.example/1", key=key)

        assert verifier == Verifier.parse(verifier.vkey())

    @pytest.mark.parametrize(
        "vkey",
        [
            "",
            "example.com/foo",
            "example.com/foo+530d903a",
            VKEY.replace("530d903a", "530d903b"),
            VKEY.replace("530d903a", "530D903A"),
            VKEY.replace("530d903a", "30d903a"),
            VKEY.replace("foo", "bar"),
            VKEY.replace("foo", "f o"),
            VKEY.replace("example.com/foo", ""),
            VKEY[:-1],
            VKEY + "=",
            VKEY + "\n",
            VKEY.replace("AekyeRrm", "BOkyeRrm"),
            VKEY.replace("+AekyeRrm", "+AekyeRrn"),
            "example.com/foo+530d903a+AQ==",
            "example.com/foo+530d903a+",
        ],
    )
    def test_a_malformed_or_changed_key_is_refused(self, vkey):
        with pytest.raises(NoteError):
            Verifier.parse(vkey)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "a\u2028b", "\ud800"])
    def test_a_name_no_key_may_bear_is_refused(self, name):
        with pytest.raises(NoteError):
            signer(name)

    def test_a_key_of_another_length_is_refused(self):
        with pytest.raises(NoteError):
            Verifier(name="a", key=bytes(31))


class TestSigner:
    def test_it_does_not_show_its_key(self):
        assert "Signer('log.example')" == repr(signer())
        assert not hasattr(signer(), "__dict__")


def colliding():
    """Two keys of one name whose ids happen to agree: found once, by search, among 2^17 keys."""
    seen = {}
    number = 0
    while True:
        verifier = Verifier(name="c", key=number.to_bytes(32, "big"))
        other = seen.setdefault(verifier.key_id, verifier)
        if other is not verifier:
            return other, verifier
        number += 1
