"""
What the log refuses.

    HubError
    ├─ UnavailableError
    │  └─ LogUnavailableError    the entry is not known to be durable: nothing leaves; asking again may succeed
    │     └─ LogBrokenError      the stored log contradicts itself or us: stop writing, page someone
    └─ AuditError
       ├─ StaleReadError         what the answer was made from has changed: make it again
       ├─ ReplayedError          what may be shown once was shown before
       ├─ OverBudgetError        more of a budget than is left
       ├─ EntryError             what was to be logged is malformed: a fault of ours
       ├─ AbsentEntryError       the log has no such entry
       └─ ReceiptError           what was handed in is no receipt, or a key is no key: nothing could be checked
"""

from collections.abc import Mapping

from hub.errors import HubError, UnavailableError


class LogUnavailableError(UnavailableError):
    """
    The entry is not known to be durable, so the answer must not leave.

    Attributes:
        reason: For the operator's log: what failed, by kind and code; never a value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("the audit log cannot be written; nothing was disclosed")
        self.reason = reason


class LogBrokenError(LogUnavailableError):
    """The stored log contradicts itself, its signature or what this process signed. It will not mend by waiting."""


class AuditError(HubError):
    """Base of what is wrong with one entry or receipt."""


class StaleReadError(AuditError):
    """
    Something an answer was made from changed between reading and attesting.

    Attributes:
        codes: The subjects that changed, sorted. For the exchange, which reads them again.
        epochs: Name to the present version of each epoch that changed; 0: the store has no such epoch.
    """

    def __init__(self, codes: tuple[str, ...], epochs: Mapping[str, int] | None = None) -> None:
        self.codes = codes
        self.epochs: Mapping[str, int] = dict(epochs or {})
        super().__init__(
            f"{len(codes)} of the subjects in the answer and {len(self.epochs)} of its other causes changed after they "
            "were read"
        )


class ReplayedError(AuditError):
    """What may be shown once, e.g. a proof of possession, was shown before. Nothing was kept of it this time."""


class OverBudgetError(AuditError):
    """
    An entry would use more of a budget than is left. Nothing was kept of it, and nothing was used.

    Attributes:
        span: Of the budget: what is counted and when.
        limit: Most that may be used in the span.
        used: What was used before, as far as the log's turn had come.
        free_at: When the span ends, seconds since 1970.
    """

    def __init__(self, *, span: str, limit: int, used: int, free_at: float) -> None:
        self.span, self.limit, self.used, self.free_at = span, limit, used, free_at
        super().__init__(f"{span}: {used} of {limit} used, until {free_at:.0f}")


class EntryError(AuditError):
    """An entry or delivery is malformed."""


class AbsentEntryError(AuditError):
    """The log has no entry at this index, or no checkpoint of this size."""


class ReceiptError(AuditError):
    """The input is no receipt, or a verifier key is no key. Safe to show."""
