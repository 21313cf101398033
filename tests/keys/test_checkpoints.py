import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keys.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from keys.errors import CheckpointError, NoteError
from keys.merkle import EMPTY_ROOT
from keys.notes import Signer, sign

# The example of C2SP tlog-checkpoint; its key is not published, so its text is what we can read.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def signer(name="example.com/behind-the-sofa", seed=1):
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class TestParse:
    def test_the_example_of_the_standard(self):
        checkpoint = Checkpoint.parse(TEXT)

        assert ("example.com/behind-the-sofa", 20852163) == (checkpoint.origin, checkpoint.size)
        assert TEXT == checkpoint.text()

    @given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(st.just("extension"), max_size=2))
    def test_every_checkpoint_is_read_as_written(self, size, root, extensions):
        checkpoint = Checkpoint(origin="a.example/log", size=size, root=root, extensions=tuple(extensions))

        assert checkpoint == Checkpoint.parse(checkpoint.text())

    def test_an_empty_log_has_the_root_of_nothing(self):
        assert EMPTY_ROOT == Checkpoint.parse("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").root

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n\n\n",
            "o\n",
            "o\n1\n",
            f"o\n1\n{ROOT}",
            f"\n1\n{ROOT}\n",
            f"o\n\n{ROOT}\n",
            f"o\n01\n{ROOT}\n",
            f"o\n+1\n{ROOT}\n",
            f"o\n-1\n{ROOT}\n",
            f"o\n 1\n{ROOT}\n",
            f"o\n1_0\n{ROOT}\n",
            f"o\n１\n{ROOT}\n",
            f"o\n0x1\n{ROOT}\n",
            f"o\n{2**63}\n{ROOT}\n",
            f"o\n{'9' * 5000}\n{ROOT}\n",
            f"o\n0\n{ROOT}\n",
            f"o\n1\n{ROOT[:-1]}\n",
            f"o\n1\n{ROOT[:-2]}J=\n",
            f"o\n1\n{ROOT} \n",
            "o\n1\n\n",
            "o\n1\nAAAA\n",
            f"o\n1\n{ROOT}\n\n",
            f"o\n1\n{ROOT}\n\nextension\n",
        ],
    )
    def test_a_text_that_is_no_checkpoint_is_refused(self, text):
        with pytest.raises(CheckpointError):
            Checkpoint.parse(text)

    @pytest.mark.parametrize(
        "change",
        [{"origin": ""}, {"origin": "a\nb"}, {"size": -1}, {"root": b""}, {"extensions": ("",)}, {"size": 0}],
    )
    def test_a_checkpoint_no_log_can_have_is_not_made(self, change):
        with pytest.raises(CheckpointError):
            Checkpoint(**{"origin": "o", "size": 1, "root": bytes(32), **change})


class TestOpenCheckpoint:
    def test_a_signed_checkpoint_opens_for_who_knows_the_log(self):
        checkpoint = Checkpoint.parse(TEXT)

        assert checkpoint == open_checkpoint(sign_checkpoint(checkpoint, signer()), [signer().verifier])

    def test_a_key_trusted_for_one_log_says_nothing_about_another(self):
        """A log that signs a checkpoint naming another log as its origin is not believed."""
        note = sign(TEXT, [signer("evil.example")])

        with pytest.raises(NoteError):
            open_checkpoint(note, [signer("evil.example").verifier, signer().verifier])

    def test_a_signed_text_that_is_no_checkpoint_is_refused(self):
        note = sign("example.com/behind-the-sofa\nhello\n", [signer()])

        with pytest.raises(CheckpointError):
            open_checkpoint(note, [signer().verifier])

    def test_a_changed_size_is_refused(self):
        note = sign_checkpoint(Checkpoint.parse(TEXT), signer())

        with pytest.raises(NoteError):
            open_checkpoint(note.replace("20852163", "20852164"), [signer().verifier])


class TestSignCheckpoint:
    def test_a_log_signs_under_its_own_name_only(self):
        with pytest.raises(CheckpointError):
            sign_checkpoint(Checkpoint.parse(TEXT), signer("other.example"))
