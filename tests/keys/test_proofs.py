import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keys.checkpoints import Checkpoint, sign_checkpoint
from keys.errors import KeysError, NoteError, ProofError
from keys.merkle import Frontier, inclusion_proof, leaf_hash
from keys.notes import Signer
from keys.proofs import Proof

SIGNER = Signer("log.example", Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
HASH = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ="
NOTE = "log.example\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log.example AAAAAAAA\n"
TEXT = f"c2sp.org/tlog-proof@v1\nextra YWJj\nindex 3\n{HASH}\n{HASH}\n\n{NOTE}"


def proof_of(index, size, extra=None):
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        nodes.update(frontier.append(leaf))
    head = Checkpoint(origin="log.example", size=size, root=frontier.root())
    path = inclusion_proof(index, size, nodes.__getitem__)
    return Proof(index=index, path=path, checkpoint=sign_checkpoint(head, SIGNER), extra=extra), leaves[index]


class TestParse:
    def test_a_file_of_the_standard_form_is_read_and_written_alike(self):
        proof = Proof.parse(TEXT)

        assert (3, b"abc", 2, NOTE) == (proof.index, proof.extra, len(proof.path), proof.checkpoint)
        assert TEXT == proof.text()

    @given(st.integers(1, 40), st.data(), st.none() | st.binary())
    def test_every_proof_is_read_as_written(self, size, data, extra):
        proof, _ = proof_of(data.draw(st.integers(0, size - 1)), size, extra)

        assert proof == Proof.parse(proof.text())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "c2sp.org/tlog-proof@v1\n",
            "c2sp.org/tlog-proof@v1\n\n",
            TEXT.replace("@v1", "@v2"),
            "\n" + TEXT,
            " " + TEXT,
            TEXT.replace("index 3\n", ""),
            TEXT.replace("index 3", "index"),
            TEXT.replace("index 3", "index "),
            TEXT.replace("index 3", "index 03"),
            TEXT.replace("index 3", "index -3"),
            TEXT.replace("index 3", "index 3 "),
            TEXT.replace("index 3", "Index 3"),
            TEXT.replace("index 3", "index ३"),
            TEXT.replace("index 3", f"index {2**63}"),
            TEXT.replace("extra YWJj", "extra YWJ"),
            TEXT.replace("extra YWJj", "extra  YWJj"),
            TEXT.replace("extra YWJj\n", "extra YWJj\nextra YWJj\n"),
            TEXT.replace("extra YWJj\nindex 3\n", "index 3\nextra YWJj\n"),
            TEXT.replace(HASH, HASH[:-1], 1),
            TEXT.replace(HASH, HASH[:-2] + "R=", 1),
            TEXT.replace(HASH, "AAAA", 1),
            TEXT.replace(HASH, " " + HASH, 1),
            TEXT.replace(HASH + "\n", (HASH + "\n") * 64),
            TEXT.replace("\n", "\r\n"),
        ],
    )
    def test_a_malformed_file_is_refused(self, text):
        with pytest.raises(ProofError):
            Proof.parse(text)


class TestVerify:
    @given(st.integers(1, 40), st.data())
    def test_an_honest_proof_gives_the_signed_head(self, size, data):
        index = data.draw(st.integers(0, size - 1))
        proof, leaf = proof_of(index, size)

        assert size == proof.verify(leaf, [SIGNER.verifier]).size

    @given(st.integers(2, 40), st.data())
    def test_no_single_changed_character_holds(self, size, data):
        """Of the whole file, wherever it is changed: the one thing free to change is the unauthenticated extra line."""
        proof, leaf = proof_of(data.draw(st.integers(0, size - 1)), size)
        text = proof.text()
        place = data.draw(st.integers(0, len(text) - 1))
        character = data.draw(st.characters(codec="utf-8").filter(lambda other: other != text[place]))

        with pytest.raises(KeysError):
            Proof.parse(text[:place] + character + text[place + 1 :]).verify(leaf, [SIGNER.verifier])

    def test_another_leaf_is_refused(self):
        proof, _ = proof_of(3, 8)

        with pytest.raises(ProofError):
            proof.verify(leaf_hash(b"4"), [SIGNER.verifier])

    def test_a_log_that_is_not_known_is_refused(self):
        proof, leaf = proof_of(3, 8)

        with pytest.raises(NoteError):
            proof.verify(leaf, [])
