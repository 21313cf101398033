"""What sealing counts, for the operator: never by subject, field or asker."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """
    Counts by event. One per process; plain addition, also from threads: a lost one is borne.

    Events: `opened`, `shredded`, `refused` count fields; `key_opened`, `key_refused` count keys of subjects.
    """

    events: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("opened", "shredded", "refused", "key_opened", "key_refused"), 0)
    )

    def add(self, event: str, count: int = 1) -> None:
        """Count *event*."""
        self.events[event] += count
