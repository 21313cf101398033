import pytest

from tests.support.worlds import Ground, build_ground


@pytest.fixture(scope="session")
def ground() -> Ground:
    return build_ground()
