"""
What this process last heard from the sources it asks per question.

The store knows when a source was last harvested; a live source is asked too often to write that down each time, so
each process remembers its own last contact, and the newer of the two is told.
"""

from dataclasses import replace
from datetime import datetime

from hub.clock import iso
from hub.store.sources import SourceState, freshness


class Contacts:
    """Last contact by source. Owned by the event loop; one per process."""

    def __init__(self) -> None:
        self._tried: dict[str, str] = {}
        self._succeeded: dict[str, str] = {}
        self._failed: dict[str, str | None] = {}

    def note(self, source: str, at: datetime, error: str | None) -> None:
        """Note that *source* was asked at *at* (aware): *error* is its `SourceError.code`, None if it answered."""
        self._tried[source] = iso(at)
        self._failed[source] = error
        if error is None:
            self._succeeded[source] = iso(at)

    def told(self, state: SourceState, now: datetime) -> SourceState:
        """Bring *state*, as the store has it, up to what this process knows."""
        tried = self._tried.get(state.id)
        if tried is None or tried <= (state.last_tried_at or ""):
            return state
        succeeded = max(self._succeeded.get(state.id, ""), state.last_succeeded_at or "") or None
        error = self._failed[state.id]
        return replace(
            state,
            last_tried_at=tried,
            last_succeeded_at=succeeded,
            last_error=error,
            state=freshness(succeeded, error, state.max_age_s, now),
        )
