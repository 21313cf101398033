"""What is kept is bounded by weight, and what was not asked for longest goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.shelf import Shelf


class TestShelf:
    def test_nothing_is_there_at_first(self):
        assert Shelf(100).find("a") is None

    def test_what_was_not_asked_for_longest_goes_first(self):
        shelf = Shelf(100)
        for number in range(10):
            shelf.put(str(number), number, 10)
        shelf.find("0")
        shelf.put("new", 10, 10)

        assert 0 == shelf.find("0")
        assert shelf.find("1") is None
        assert (10, 100) == (len(shelf), shelf.weight)

    @pytest.mark.parametrize("weight", [11, 100, 101, 10_000])
    def test_what_weighs_more_than_a_tenth_is_not_kept_and_pushes_nothing_out(self, weight):
        shelf = Shelf(100)
        shelf.put("small", 1, 1)
        shelf.put("large", 2, weight)

        assert shelf.find("large") is None
        assert 1 == shelf.find("small")

    def test_what_grew_too_large_does_not_stay_as_it_was(self):
        shelf = Shelf(100)
        shelf.put("a", "old", 1)
        shelf.put("a", "new", 50)

        assert shelf.find("a") is None
        assert 0 == shelf.weight

    def test_without_room_nothing_is_kept(self):
        shelf = Shelf(0)
        shelf.put("a", 1, 1)

        assert 0 == len(shelf)

    @given(
        st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 30), st.sampled_from(["put", "drop", "find"])))
    )
    def test_the_weight_is_that_of_what_is_there_and_never_more_than_the_room(self, steps):
        shelf: Shelf[int] = Shelf(100)
        for code, weight, step in steps:
            if step == "put":
                shelf.put(code, weight + 1, weight + 1)
            elif step == "drop":
                shelf.drop([code, "nobody"])
            else:
                shelf.find(code)
            kept = [found for code in "abcdefgh" if (found := shelf.find(code)) is not None]

            assert sum(kept) == shelf.weight <= 100
            assert len(kept) == len(shelf)

    def test_all_can_be_forgotten(self):
        shelf = Shelf(100)
        shelf.put("a", 1, 1)
        shelf.clear()

        assert (0, 0, None) == (len(shelf), shelf.weight, shelf.find("a"))
