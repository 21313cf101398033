"""The manual's page of the catalogue says what the catalogue says."""

from pathlib import Path

from schema.catalogue import KINDS
from schema.catalogue.model import fields_of
from schema.catalogue.page import catalogue_page

PAGE = Path(__file__).parents[3] / "docs" / "catalogue.md"


def test_the_committed_page_is_current():
    """Run `make docs` when this fails."""
    assert catalogue_page() == PAGE.read_text(encoding="utf-8")


def test_every_field_has_its_row():
    rows = [line for line in catalogue_page().splitlines() if line.startswith("| `")]

    assert sum(len(fields_of(kind)) for kind in KINDS.values()) == len(rows)


def test_every_row_has_every_column():
    rows = [line for line in catalogue_page().splitlines() if line.startswith("| `")]

    assert {11} == {line.count("|") for line in rows}
