"""The suite can fail: each planted leak is found, and made small."""

import pytest

from tests.interference.leaks import LEAKS
from tests.interference.runs import DifferentError, run
from tests.interference.shrink import explained, shrunk
from tests.support.worlds import Ground

SCENES = (0, 3, 7, 1)
"""Seeds: under the second's and the third's policy, fields are shown on some rows and hidden on others."""
REQUESTS = 600


def found_by(ground: Ground, leak: str) -> DifferentError:
    """Look for *leak* scene by scene."""
    for seed in SCENES:
        try:
            run(ground, seed, REQUESTS, leak=leak)
        except DifferentError as found:
            return found
    pytest.fail(f"{leak}: nobody noticed")


SOME, REST = sorted(LEAKS)[:4], sorted(LEAKS)[4:]
"""Those of every run, and those of `make test-all`: each costs a pair of hubs."""


class TestPlantedLeaks:
    @pytest.mark.parametrize("leak", [*SOME, *(pytest.param(name, marks=pytest.mark.long) for name in REST)])
    def test_each_is_found(self, ground: Ground, leak: str) -> None:
        assert found_by(ground, leak).difference.questions

    def test_what_is_found_is_cut_down(self, ground: Ground) -> None:
        found = found_by(ground, "version-of-subject").difference
        small = shrunk(found, "version-of-subject")
        told = explained(small)

        assert 1 == len(small.questions)
        assert 1 == len({*small.twin.dossiers, *small.twin.gone})
        assert len(small.twin.changes) < len(found.twin.changes)
        assert found.asker.name in told
        assert '"version":' in told
