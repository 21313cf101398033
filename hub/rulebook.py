"""Reads the rule files that ship with the package: `schema.rules` itself reads nothing."""

from importlib.resources import files

from schema.rules.book import RuleBook
from schema.rules.parsing import FILES


def load_rules() -> RuleBook:
    """
    Read and check the shipped rule files.

    Raises:
        RuleDataError: a shipped file is at fault; the service must not start.
    """
    folder = files("schema.rules")
    return RuleBook.parse({name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES})
