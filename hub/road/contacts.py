"""
What this process last heard from the sources it asks per question.

The store knows when a source was last harvested; a live source is asked too often to write that down each time, so
each process remembers its own last contact, and the newer of the two is told.
"""

from dataclasses import replace
from datetime import UTC, datetime

from hub.clock import iso
from hub.store.sources import SourceState, freshness

_NEVER = datetime.min.replace(tzinfo=UTC)


class Contacts:
    """Last contact by source. Owned by the event loop; one per process."""

    def __init__(self) -> None:
        self._tried: dict[str, tuple[datetime, str | None]] = {}
        self._succeeded: dict[str, datetime] = {}

    def note(self, source: str, at: datetime, error: str | None) -> None:
        """
        Note that *source* was asked at *at* (aware): *error* is its `SourceError.code`, None if it answered.

        Questions that travelled together, or were answered from what the source said a moment ago, tell of one contact
        several times, and not in its order: the latest counts.
        """
        tried = self._tried.get(source)
        if tried is None or tried[0] <= at:
            self._tried[source] = (at, error)
        if error is None and at > self._succeeded.get(source, _NEVER):
            self._succeeded[source] = at

    def told(self, state: SourceState, now: datetime) -> SourceState:
        """Bring *state*, as the store has it, up to what this process knows."""
        contact = self._tried.get(state.id)
        if contact is None:
            return state
        tried_at, error = contact
        tried = iso(tried_at)
        if tried <= (state.last_tried_at or ""):
            return state
        answered = self._succeeded.get(state.id)
        succeeded = max(iso(answered) if answered else "", state.last_succeeded_at or "") or None
        return replace(
            state,
            last_tried_at=tried,
            last_succeeded_at=succeeded,
            last_error=error,
            state=freshness(succeeded, error, state.max_age_s, now),
        )
