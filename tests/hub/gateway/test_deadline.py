"""A deadline ends what takes too long, and nothing else."""

import asyncio

import pytest

from hub.gateway.deadline import Deadline, DeadlineError


async def never() -> None:
    await asyncio.Event().wait()


class TestDeadline:
    async def test_what_is_in_time_passes(self):
        with Deadline(30):
            await asyncio.sleep(0)

        assert 0 == asyncio.current_task().cancelling()

    async def test_what_takes_longer_is_ended(self):
        with pytest.raises(DeadlineError), Deadline(0.001):
            await never()

        await asyncio.sleep(0)
        assert 0 == asyncio.current_task().cancelling()

    async def test_cancellation_from_elsewhere_stays_one(self):
        async def work():
            with Deadline(30):
                await never()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_cancellation_beside_the_deadline_wins(self):
        """A server that ends must not be told that a question was merely slow."""

        async def work():
            with Deadline(0):
                task.cancel()
                await never()

        task = asyncio.create_task(work())
        with pytest.raises(asyncio.CancelledError):
            await task

    @pytest.mark.parametrize("error", [TimeoutError, ValueError])
    async def test_errors_from_within_pass(self, error):
        with pytest.raises(error), Deadline(30):
            raise error

    async def test_outer_deadline_ends_the_inner_ones_work_as_its_own(self):
        async def inner():
            try:
                with Deadline(30):
                    await never()
            except DeadlineError:
                pytest.fail("the inner deadline spoke for the outer")

        with pytest.raises(DeadlineError), Deadline(0.001):
            await inner()

    async def test_outside_a_task_there_is_nobody_to_end(self):
        failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

        def enter():
            try:
                Deadline(1).__enter__()
            except RuntimeError as error:
                failed.set_result(error)

        asyncio.get_running_loop().call_soon(enter)
        assert "no task" in str(await failed)
