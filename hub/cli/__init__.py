"""
The command `hub`. Each command lives in a module of its own here and is named below, once.

Exit codes: 0 done, 1 refused or failed (the reason is one line on stderr), 2 the command line was wrong.
"""

import sys

import structlog

from hub.cli.commands import build


def main() -> None:
    """Run the command line. What it reports besides its answer goes to stderr: stdout holds the answer alone."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        build()()
    except OSError as error:
        sys.stderr.write(f"hub: {error.strerror or type(error).__name__}: {error.filename or 'a file or an address'}\n")
        sys.exit(1)
