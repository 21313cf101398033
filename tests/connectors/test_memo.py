"""What is remembered is bounded, and what is long is done in slices."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from connectors.memo import Memo, Turn


class TestMemo:
    def test_what_was_not_kept_is_not_found(self):
        assert Memo[str, int](10).get("a") is None

    def test_what_was_used_longest_ago_goes_first(self):
        memo = Memo[str, int](20)
        for number, key in enumerate("abcdefghij"):
            memo.put(key, number, 2)
        memo.get("a")
        memo.put("k", 10, 2)

        assert (0, None, 10) == (memo.get("a"), memo.get("b"), memo.get("k"))

    def test_one_heavy_value_does_not_push_out_the_others(self):
        memo = Memo[str, int](100)
        memo.put("a", 1)
        memo.put("b", 2, 11)

        assert (1, None) == (memo.get("a"), memo.get("b"))

    def test_a_value_that_has_become_too_heavy_leaves_no_older_one_behind(self):
        memo = Memo[str, int](100)
        memo.put("a", 1)
        memo.put("a", 2, 50)

        assert memo.get("a") is None

    def test_of_nothing_nothing_is_kept(self):
        memo = Memo[str, int](0)
        memo.put("a", 1)

        assert 0 == len(memo)

    def test_dropping_what_is_not_kept_changes_nothing(self):
        memo = Memo[str, int](10)
        memo.put("a", 1)
        memo.drop("b")

        assert 1 == memo.weight

    @given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 9)), max_size=60))
    def test_weight_never_passes_the_bound_and_the_last_value_put_is_the_one_found(self, puts):
        """
        Whatever comes in whatever order, memory stays bounded and nothing older is ever told.
        """
        memo, last = Memo[str, int](40), {}
        for number, (key, weight) in enumerate(puts):
            memo.put(key, number, weight)
            last[key] = number

            assert memo.weight <= 40
        assert all(memo.get(key) in {number, None} for key, number in last.items())


class TestTurn:
    async def test_others_run_between_the_slices_of_long_work(self):
        """
        However much one answer holds, nobody else waits for more than a slice of it.
        """
        order: list[str] = []

        async def long_work() -> None:
            turn = Turn(10)
            for _ in range(3):
                order.append("work")
                await turn.passed(10)

        async def other() -> None:
            order.append("other")

        await asyncio.gather(long_work(), other())

        assert ["work", "other", "work", "work"] == order

    async def test_short_work_is_not_interrupted(self):
        order: list[str] = []

        async def short_work() -> None:
            turn = Turn(10)
            for _ in range(2):
                order.append("work")
                await turn.passed(4)

        async def other() -> None:
            order.append("other")

        await asyncio.gather(short_work(), other())

        assert ["work", "work", "other"] == order
