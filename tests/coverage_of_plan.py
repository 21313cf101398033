"""
The plan and the compiled executor, covered branch by branch by their own tests alone.

    python -m tests.coverage_of_plan

Exit code 0 if every line and branch of schema/plan and schema/render is run by tests/schema/plan and
tests/schema/render; otherwise the exit code of pytest, after a list of what was not run.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run the tests under coverage."""
    os.chdir(ROOT)
    measured = [f"--cov={path}" for path in ("schema/plan", "schema/render")]
    report = ["--cov-branch", "--cov-report=term-missing:skip-covered", "--cov-fail-under=100"]
    tests = ["tests/schema/plan", "tests/schema/render"]
    return int(pytest.main(["-q", "-n0", "-p", "no:cacheprovider", *measured, *report, *tests]))


if __name__ == "__main__":
    sys.exit(main())
