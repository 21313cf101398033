"""A cursor opens for whom it was made, in the list it was made for, and nowhere else."""

import pytest

from hub.access.cursors import KEY_SIZE, SealedCursors
from schema.graph.connection import CursorError

KEY = bytes(range(KEY_SIZE))


class TestSealedCursors:
    def test_it_opens_for_its_holder_in_its_list(self):
        cursors = SealedCursors(KEY).of("buyer")

        assert "Penalty:x:7" == cursors.open("records|A", cursors.seal("records|A", "Penalty:x:7"))

    def test_the_same_place_has_the_same_cursor(self):
        assert SealedCursors(KEY).of("buyer").seal("l", "p") == SealedCursors(KEY, holder="buyer").seal("l", "p")

    @pytest.mark.parametrize(
        ("holder", "scope"), [("", "l"), ("seller", "l"), ("buyer", "m"), ("buyerl", ""), ("", "")]
    )
    def test_it_opens_for_nobody_else_and_nowhere_else(self, holder, scope):
        """Where a row stands among those that one may list would tell another how many are hidden from it."""
        made = SealedCursors(KEY).of("buyer").seal("l", "p")

        with pytest.raises(CursorError):
            SealedCursors(KEY).of(holder).open(scope, made)

    @pytest.mark.parametrize("cursor", ["", "x", "AAAA", "😀", "A" * 600, "====", "\x00"])
    def test_nonsense_is_no_cursor(self, cursor):
        with pytest.raises(CursorError):
            SealedCursors(KEY).open("l", cursor)

    def test_another_key_opens_nothing(self):
        with pytest.raises(CursorError):
            SealedCursors(bytes(KEY_SIZE)).open("l", SealedCursors(KEY).seal("l", "p"))

    @pytest.mark.parametrize("size", [0, 32, 63, 65])
    def test_a_key_has_64_bytes(self, size):
        with pytest.raises(ValueError, match="64"):
            SealedCursors(bytes(size))
