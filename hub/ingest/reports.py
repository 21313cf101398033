"""What a harvest tells: of each stream, of the whole site, and while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.ingest.answers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReport:
    """
    What a run brought from one stream.

    Attributes:
        name, kind: Which stream.
        batches, received, accepted, rejected, unchanged: Counts of this run; a batch known already counts no rows.
        total: Rows the source said there are or remain, None if it did not say.
        error: Code of the fault that stopped it, None if it was read to its end.
    """

    name: str
    kind: str
    batches: int = 0
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    unchanged: int = 0
    total: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestReport:
    """
    What a run brought from one site.

    Attributes:
        source: Site identifier.
        streams: In the order they were read.
        error: Code of the fault that stopped the whole site, None if none did.
        owed: Answers the owner still has to be told.
    """

    source: str
    streams: tuple[StreamReport, ...] = ()
    error: str | None = None
    owed: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether everything the site has was read."""
        return self.error is None and all(stream.error is None for stream in self.streams)

    @property
    def standing_error(self) -> str | None:
        """The code that stands for the whole site: its own, or the first stream's if no stream was read to its end."""
        if self.error is not None:
            return self.error
        errors = [stream.error for stream in self.streams]
        return errors[0] if errors and None not in errors else None


Progress = Callable[[str, StreamReport], None]
"""Called with the site and the stream's state after every batch and at the stream's end."""


class Tally:
    """Counts one stream's run and tells *progress* of it. Owned by the harvest of that stream."""

    def __init__(self, report: StreamReport, source: str, progress: Progress) -> None:
        self.report = report
        self._source = source
        self._progress = progress

    def add(self, answer: Answer, total: int | None, *, repeated: bool) -> None:
        """Count a batch; a *repeated* one brought no rows."""
        now = self.report
        self.report = replace(
            now,
            batches=now.batches + 1,
            received=now.received + (0 if repeated else answer.received),
            accepted=now.accepted + (0 if repeated else answer.accepted),
            rejected=now.rejected + (0 if repeated else answer.rejected),
            unchanged=now.unchanged + (0 if repeated else answer.unchanged),
            total=total if total is not None else now.total,
        )
        self.tell()

    def fail(self, code: str) -> None:
        """Note the fault that stopped the stream."""
        self.report = replace(self.report, error=code)

    def tell(self) -> None:
        """Tell how far it is."""
        self._progress(self._source, self.report)
