"""The shipped rules, read once."""

from datetime import date

import pytest

from hub.rulebook import load_rules
from schema.rules.book import RuleBook, Rules


@pytest.fixture(scope="session")
def book() -> RuleBook:
    return load_rules()


@pytest.fixture(scope="session")
def rules(book: RuleBook) -> Rules:
    return book.on(date(2026, 11, 20))
