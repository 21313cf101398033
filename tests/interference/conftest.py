"""The schema, built once."""

import pytest

from tests.support.worlds import Ground, build_ground


@pytest.fixture(scope="session")
def ground() -> Ground:
    """Schema, policy and rules."""
    return build_ground()
