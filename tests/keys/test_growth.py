import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from keys.checkpoints import Checkpoint, sign_checkpoint
from keys.errors import ProofError
from keys.growth import Growth
from keys.merkle import EMPTY_ROOT, Frontier, inclusion_proof, leaf_hash, root_of
from keys.notes import Signer
from keys.proofs import Proof, proof_texts

SIGNER = Signer("log.example", Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
SIZES = st.integers(0, 140)
GROUPS = st.integers(1, 70)


def hashes(count):
    return [leaf_hash(b"%d" % number) for number in range(count)]


def grown(first, group):
    """The tree before, its leaves with the group's, and the growth between them."""
    leaves = hashes(first + group)
    tree = Frontier()
    for leaf in leaves[:first]:
        tree.append(leaf)
    return tree, leaves, Growth(tree, leaves[first:])


def one_by_one(leaves):
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        nodes.update(frontier.append(leaf))
    return frontier, nodes


class TestGrowth:
    @given(SIZES, GROUPS)
    def test_it_is_the_tree_that_leaf_by_leaf_makes(self, first, group):
        """Size, root and right edge, so that it can be grown on from."""
        _, leaves, growth = grown(first, group)
        expected, _ = one_by_one(leaves)

        assert (first, first + group) == (growth.first, growth.size)
        assert root_of(leaves) == growth.root == growth.tree.root()
        assert (expected.size, expected.peaks) == (growth.tree.size, growth.tree.peaks)

    @given(SIZES, GROUPS)
    def test_it_completes_the_nodes_that_leaf_by_leaf_completes(self, first, group):
        """No node is stored twice and none is left out."""
        _, leaves, growth = grown(first, group)
        _, before = one_by_one(leaves[:first])
        _, after = one_by_one(leaves)
        expected = {(*node, value) for node, value in after.items() if node[0] and node not in before}

        assert len(expected) == len(growth.inner_nodes())
        assert expected == set(growth.inner_nodes())

    @given(SIZES, GROUPS)
    def test_every_path_is_the_proof_of_the_standard(self, first, group):
        _, leaves, growth = grown(first, group)
        _, nodes = one_by_one(leaves)
        expected = [inclusion_proof(index, len(leaves), nodes.__getitem__) for index in range(first, len(leaves))]

        assert expected == growth.paths((), lambda sibling, above: (sibling, *above))

    @given(SIZES, GROUPS)
    def test_what_it_grew_from_stays_as_it_was(self, first, group):
        """A group that fails after all has changed nothing."""
        tree, leaves, _ = grown(first, group)

        assert (first, root_of(leaves[:first])) == (tree.size, tree.root())

    @pytest.mark.parametrize("leaves", [[], [b""], [bytes(31)], [bytes(32), bytes(33)]])
    def test_what_is_no_group_of_hashes_is_refused(self, leaves):
        with pytest.raises(ProofError):
            Growth(Frontier(), leaves)

    def test_the_first_leaf_of_all_is_its_own_root(self):
        growth = Growth(Frontier(), [leaf_hash(b"a")])

        assert leaf_hash(b"a") == growth.root != EMPTY_ROOT
        assert [] == growth.inner_nodes()
        assert [()] == growth.paths((), lambda sibling, above: (sibling, *above))


class TestProofTexts:
    @given(SIZES, GROUPS)
    def test_each_is_written_as_a_proof_of_its_own_and_verifies(self, first, group):
        _, leaves, growth = grown(first, group)
        note = sign_checkpoint(Checkpoint(origin="log.example", size=growth.size, root=growth.root), SIGNER)
        texts = proof_texts(growth, note)

        assert texts == [Proof.parse(text).text() for text in texts]
        assert list(range(first, first + group)) == [Proof.parse(text).index for text in texts]
        for text, leaf in zip(texts, leaves[first:], strict=True):
            assert growth.size == Proof.parse(text).verify(leaf, [SIGNER.verifier]).size

    @given(SIZES, st.integers(2, 70))
    def test_none_proves_another_leaf_of_its_group(self, first, group):
        _, leaves, growth = grown(first, group)
        note = sign_checkpoint(Checkpoint(origin="log.example", size=growth.size, root=growth.root), SIGNER)
        texts = proof_texts(growth, note)

        for text, leaf in zip(texts, leaves[first + 1 :], strict=False):
            with pytest.raises(ProofError):
                Proof.parse(text).verify(leaf, [SIGNER.verifier])
