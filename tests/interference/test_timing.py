"""Denied takes as long as absent."""

import pytest

from tests.equality.worlds import dice_of
from tests.interference.timing import REACH, compare, cropped, welch
from tests.support.worlds import Ground

PAIRS = ("subject,", "subject by node,", "record by node,", "entities,", "search,")
SAMPLES = 250
ATTEMPTS = 3


class TestWelch:
    def test_equal_samples_have_no_t(self):
        assert 0 == welch([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])

    def test_it_is_as_computed_by_hand(self):
        """Means 2 and 4, variances 1 and 4, three of each: -2 / sqrt(1/3 + 4/3)."""
        assert pytest.approx(-1.5491933) == welch([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])

    def test_a_small_difference_shows_through_outliers(self):
        dice = dice_of("welch")
        noise = [dice.gauss(1000, 30) + (dice.random() < 0.02) * 50_000 for _ in range(8_000)]
        one, other = noise[::2], [value + 8 for value in noise[1::2]]

        assert abs(welch(one, other)) < REACH <= abs(cropped(one, other))

    def test_no_difference_shows_none(self):
        dice = dice_of("nothing")
        noise = [dice.gauss(1000, 30) for _ in range(8_000)]

        assert abs(cropped(noise[::2], noise[1::2])) < REACH


class TestDeniedAgainstAbsent:
    @pytest.mark.parametrize("pair", PAIRS)
    def test_they_cannot_be_told_apart_by_time(self, ground: Ground, pair: str) -> None:
        """
        With few samples here, for what is gross; `python -m tests.interference --timing` takes 20,000 of each. A real
        difference shows in every attempt.
        """
        told = compare(ground, 0, SAMPLES, only=pair, attempts=ATTEMPTS)

        assert 2 == len(told)
        assert {} == {name: t for name, t in told.items() if abs(t) >= REACH}
