"""
What can be wrong with rule data, and with asking it.

    RuleError
    ├─ RuleDataError     a file cannot be used: names file, entry and what is wrong
    └─ NoRuleError       nothing in force answers the question
"""


class RuleError(Exception):
    """Base of this package's errors."""


class RuleDataError(RuleError):
    """
    A rule file cannot be used.

    Attributes:
        file: File name, e.g. `severity.toml`.
        entry: Section, position and code of the entry, e.g. `default 3 (罚款)`; empty when the file itself is at fault.
        problem: What is wrong and what was expected.
    """

    def __init__(self, file: str, entry: str, problem: str) -> None:
        super().__init__(f"{file}: {entry}: {problem}" if entry else f"{file}: {problem}")
        self.file = file
        self.entry = entry
        self.problem = problem


class NoRuleError(RuleError, LookupError):
    """No entry of that name is in force on that day."""
