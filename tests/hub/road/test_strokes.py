"""What was in vain leaves at a stroke: how long it took to find that out is not told."""

import asyncio

import pytest

from hub.clock import stopwatch
from hub.road.strokes import Strokes


@pytest.fixture
def strokes():
    made = Strokes(0.02)
    yield made
    made.close()


class TestDue:
    @pytest.mark.parametrize(
        ("took", "expected"), [(0.0, 0.02), (0.001, 0.02), (0.0199, 0.02), (0.021, 0.04), (0.0399, 0.04), (1.001, 1.02)]
    )
    def test_it_is_the_next_stroke_after_the_beginning(self, strokes, took, expected):
        assert expected == pytest.approx(strokes.due(100.0, 100.0 + took) - 100.0)

    def test_work_of_one_stroke_is_all_alike(self, strokes):
        assert 1 == len({strokes.due(7.0, 7.0 + took / 1000) for took in range(20)})


class TestWait:
    async def test_nobody_leaves_before_the_stroke(self, strokes):
        since = stopwatch()
        await strokes.wait(since)

        assert stopwatch() - since >= 0.02

    async def test_each_leaves_at_its_own_stroke(self):
        strokes, left = Strokes(0.5), []

        async def come(earlier):
            await strokes.wait(stopwatch() - earlier * 0.08)
            left.append(earlier)

        await asyncio.gather(*(come(earlier) for earlier in (3, 1, 4, 0, 2)))

        strokes.close()

        assert [4, 3, 2, 1, 0] == left

    async def test_who_gives_up_holds_nobody_up(self, strokes):
        gone = asyncio.create_task(strokes.wait(stopwatch()))
        await asyncio.sleep(0)
        gone.cancel()
        await strokes.wait(stopwatch())

        assert gone.cancelled()

    async def test_when_it_closes_everybody_is_let_go(self):
        slow = Strokes(600)
        waiting = asyncio.create_task(slow.wait(stopwatch()))
        await asyncio.sleep(0)
        slow.close()
        await asyncio.wait_for(waiting, 10)
        await asyncio.wait_for(slow.wait(stopwatch()), 10)

        assert waiting.done()
