"""
What a connector raises, typed by what the caller can do about it.

    SourceError            a connector's side; the hub names the source, never its message
    ├─ RetryLater          passing: slow, down, 5xx, rate limit; carries `retry_after_s` when the source said so
    ├─ SkipRecord          one record cannot be read; the batch goes on, the record is quarantined
    ├─ StopStream          this stream cannot go on (digest or signature wrong, schema changed); other streams can
    ├─ StopSite            nothing of this site can go on (refused, not in the grant list)
    └─ OperatorNeeded      a person must act (expired certificate, missing secret)
"""


class SourceError(Exception):
    """
    Base of all connector errors.

    Attributes:
        source: Identifier of the site, safe to show.
        code: Stable short code, e.g. `SRC_TIMEOUT`, safe to show.
        detail: For the operator's log; may quote protocol facts (status, path), never a record's values.
    """

    def __init__(self, source: str, code: str, detail: str = "") -> None:
        super().__init__(f"{source}: {code}" + (f": {detail}" if detail else ""))
        self.source = source
        self.code = code
        self.detail = detail


class RetryLater(SourceError):
    """A passing fault; the same call may succeed later."""

    def __init__(self, source: str, code: str, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(source, code, detail)
        self.retry_after_s = retry_after_s


class SkipRecord(SourceError):
    """One record cannot be read."""


class StopStream(SourceError):
    """The stream cannot go on until its owner mends it."""


class StopSite(SourceError):
    """No stream of the site can go on."""


class OperatorNeeded(SourceError):
    """A person of the hub's must act."""
