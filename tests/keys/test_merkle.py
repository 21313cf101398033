import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import ProofError
from keys.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_for_consistency,
    nodes_for_inclusion,
    nodes_for_root,
    root_at,
    root_from,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "merkle.json").read_text())
# The eight leaves and the roots over the first n of them that RFC 6962 implementations share.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
TREES = st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


def naive_root(leaves):
    """RFC 9162, 2.1.1, as it is written."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(index, leaves):
    """RFC 9162, 2.1.3.1, as it is written."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old, leaves, known):
    """RFC 9162, 2.1.4.1, as it is written."""
    if old == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*naive_subproof(old, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def hashes(count):
    return [leaf_hash(b"%d" % number) for number in range(count)]


def stored(leaves):
    """All complete nodes over *leaves*, as the store keeps them."""
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        nodes.update(frontier.append(leaf))
    return nodes


def decoded(text):
    return base64.b64decode(text or "")


class TestRootOf:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_the_known_trees_have_the_known_roots(self, size):
        assert ROOTS[size - 1] == root_of(map(leaf_hash, LEAVES[:size])).hex()

    def test_of_nothing_it_is_the_hash_of_nothing(self):
        assert hashlib.sha256(b"").digest() == EMPTY_ROOT == root_of(())

    @given(st.integers(0, 70))
    def test_it_is_the_root_of_the_standard(self, size):
        assert naive_root(hashes(size)) == root_of(hashes(size))


class TestFrontier:
    @given(st.integers(0, 70), st.integers(0, 20))
    def test_taken_up_from_stored_nodes_it_goes_on_as_if_never_put_down(self, size, more):
        leaves = hashes(size + more)
        nodes = stored(leaves)
        frontier = Frontier(size, (nodes[node] for node in nodes_for_root(size)))
        for leaf in leaves[size:]:
            frontier.append(leaf)

        assert naive_root(leaves) == frontier.root()
        assert size + more == frontier.size

    @given(st.integers(0, 70))
    def test_it_makes_every_complete_node_once(self, size):
        complete = {(level, index) for level in range(8) for index in range(70) if (index + 1) << level <= size}

        assert complete == stored(hashes(size)).keys()

    def test_a_copy_goes_its_own_way(self):
        frontier = Frontier()
        frontier.append(leaf_hash(b"a"))
        copy = frontier.copy()
        copy.append(leaf_hash(b"b"))

        assert (1, 2) == (frontier.size, copy.size)
        assert leaf_hash(b"a") == frontier.root()

    @pytest.mark.parametrize(
        ("size", "peaks"), [(0, [bytes(32)]), (1, []), (3, [bytes(32)]), (2, [bytes(31)]), (1, [b""]), (-1, [])]
    )
    def test_peaks_that_are_not_those_of_the_size_are_refused(self, size, peaks):
        with pytest.raises(ProofError):
            Frontier(size, peaks)

    @pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
    def test_a_leaf_that_is_no_hash_is_refused(self, leaf):
        with pytest.raises(ProofError):
            Frontier().append(leaf)


class TestRootAt:
    @given(st.integers(0, 40), st.integers(0, 30))
    def test_every_earlier_root_follows_from_later_nodes(self, size, more):
        nodes = stored(hashes(size + more))

        assert naive_root(hashes(size)) == root_at(size, nodes.__getitem__)


class TestInclusion:
    @pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector["file"])
    def test_the_shared_vectors(self, vector):
        def check():
            verify_inclusion(
                index=vector["leafIdx"],
                size=vector["treeSize"],
                leaf=decoded(vector["leafHash"]),
                path=[decoded(part) for part in vector["proof"] or ()],
                root=decoded(vector["root"]),
            )

        if vector["wantErr"]:
            with pytest.raises(ProofError):
                check()
        else:
            check()

    @given(TREES)
    def test_a_proof_is_that_of_the_standard_and_holds(self, tree):
        size, index = tree
        leaves = hashes(size)
        path = inclusion_proof(index, size, stored(leaves).__getitem__)

        assert naive_path(index, leaves) == list(path)
        verify_inclusion(index=index, size=size, leaf=leaves[index], path=path, root=naive_root(leaves))

    @given(TREES)
    def test_the_named_nodes_are_all_it_reads(self, tree):
        size, index = tree
        nodes = stored(hashes(size))
        some = {node: nodes[node] for node in nodes_for_inclusion(index, size)}

        assert inclusion_proof(index, size, nodes.__getitem__) == inclusion_proof(index, size, some.__getitem__)

    @given(TREES, st.data())
    def test_no_other_index_size_leaf_path_or_root_holds(self, tree, data):
        """The log's promise: a proof proves one leaf at one place in one tree."""
        size, index = tree
        leaves = hashes(size)
        root = naive_root(leaves)
        path = naive_path(index, leaves)
        truth = {"index": index, "size": size, "leaf": leaves[index], "path": path, "root": root}
        bent = [
            {"index": index + 1},
            {"index": index - 1},
            {"index": -index - 1},
            {"size": 0},
            {"size": index},
            {"leaf": leaf_hash(b"other")},
            {"leaf": b""},
            {"root": EMPTY_ROOT},
            {"root": b""},
            {"root": root[:-1]},
            {"path": [*path, root]},
            {"path": [root, *path]},
            {"path": [*path, b""]},
        ]
        if path:
            place = data.draw(st.integers(0, len(path) - 1))
            bent += [{"path": path[:place] + path[place + 1 :]}]
            bent += [{"path": [*path[:place], path[place][:-1], *path[place + 1 :]]}]
            bent += [{"path": [*path[:place], bytes(32), *path[place + 1 :]]}]
        for change in bent:
            with pytest.raises(ProofError):
                verify_inclusion(**{**truth, **change})

    def test_a_path_gives_the_root_it_implies(self):
        assert ROOTS[0] == root_from(0, 1, (), leaf_hash(b"")).hex()


class TestConsistency:
    @pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector["file"])
    def test_the_shared_vectors(self, vector):
        def check():
            verify_consistency(
                old=vector["size1"],
                new=vector["size2"],
                old_root=decoded(vector["root1"]),
                new_root=decoded(vector["root2"]),
                path=[decoded(part) for part in vector["proof"] or ()],
            )

        # Stricter than the vectors in one: their equal "roots" of 12 bytes are no hashes.
        if vector["wantErr"] or len(decoded(vector["root1"])) != 32:
            with pytest.raises(ProofError):
                check()
        else:
            check()

    @given(st.integers(1, 40), st.integers(0, 30))
    def test_a_proof_is_that_of_the_standard_and_holds(self, old, more):
        leaves = hashes(old + more)
        path = consistency_proof(old, old + more, stored(leaves).__getitem__)

        assert naive_subproof(old, leaves, True) == list(path)
        verify_consistency(
            old=old, new=old + more, old_root=naive_root(leaves[:old]), new_root=naive_root(leaves), path=path
        )

    @given(st.integers(1, 40), st.integers(0, 30))
    def test_the_named_nodes_are_all_it_reads(self, old, more):
        nodes = stored(hashes(old + more))
        some = {node: nodes[node] for node in nodes_for_consistency(old, old + more)}

        assert consistency_proof(old, old + more, nodes.__getitem__) == consistency_proof(
            old, old + more, some.__getitem__
        )

    @given(st.integers(2, 40), st.integers(0, 30), st.data())
    def test_a_changed_past_has_no_proof(self, old, more, data):
        """Whoever rewrites an old entry cannot make any hash of the honest proof fit."""
        leaves = hashes(old + more)
        changed = data.draw(st.integers(0, old - 1))
        forged = [*leaves[:changed], leaf_hash(b"forged"), *leaves[changed + 1 :]]
        path = consistency_proof(old, old + more, stored(forged).__getitem__)

        with pytest.raises(ProofError):
            verify_consistency(
                old=old, new=old + more, old_root=naive_root(leaves[:old]), new_root=naive_root(forged), path=path
            )

    @pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (-1, 5), (6, 5)])
    def test_sizes_that_say_nothing_are_refused(self, old, new):
        with pytest.raises(ProofError):
            verify_consistency(old=old, new=new, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, path=())
        with pytest.raises(ProofError):
            consistency_proof(old, new, stored(hashes(8)).__getitem__)

    def test_equal_sizes_need_equal_roots_and_no_path(self):
        root = leaf_hash(b"a")
        verify_consistency(old=1, new=1, old_root=root, new_root=root, path=())

        for change in ({"new_root": leaf_hash(b"b")}, {"path": (root,)}, {"old_root": b"", "new_root": b""}):
            with pytest.raises(ProofError):
                verify_consistency(**{"old": 1, "new": 1, "old_root": root, "new_root": root, "path": (), **change})
