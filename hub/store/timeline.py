"""The timeline of a subject: renamed, merged, 注销, 吊销, seen first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """One step; `day` ISO, None where not known."""

    event: str
    day: str | None
    source: str
