"""
Rewrites what is generated and committed: the SDL and the pages under `docs/`. `python -m hub.docs [--check]`.

Rule: a file that is not as it would be generated fails `--check` (and a test of the house), so that partners read
what is served.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from hub.administration.graph.build import build_administration, build_consent
from hub.settings import settings_table
from schema.catalogue import KINDS
from schema.catalogue.page import catalogue_page
from schema.graph.build import build_exchange

ROOT = Path(__file__).parent.parent


def generated() -> Mapping[str, str]:
    """Make every generated file: path from the repository's root -> text."""
    exchange = build_exchange(KINDS)
    return {
        "schema/hub.graphql": exchange.plain_sdl,
        "schema/hub.secured.graphql": exchange.secured_sdl,
        "schema/administration.graphql": build_administration().sdl,
        "schema/consent.graphql": build_consent().sdl,
        "docs/catalogue.md": catalogue_page(),
        "docs/settings.md": settings_page(),
    }


def settings_page() -> str:
    """Write the page of settings."""
    lines = [
        "# Settings",
        "",
        "Read from the environment once, at start. Made from `hub/settings.py` by `make docs`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, default, text in settings_table()),
    ]
    return "\n".join(lines) + "\n"


def stale() -> list[str]:
    """List the generated files that are not as they would be generated."""
    return [
        path
        for path, text in generated().items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Rewrite, or with `--check` only compare; the exit code tells whether all is current."""
    if arguments == ["--check"]:
        found = stale()
        for path in found:
            sys.stderr.write(f"{path}: not as generated; run: make sdl docs\n")
        return 1 if found else 0
    for path, text in generated().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
