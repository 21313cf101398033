"""What every connector says of its streams and of what it cannot do."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from connectors.errors import StopStream
from connectors.port import Batch, Capability, Found, Outcome, Stream
from connectors.site import SiteConfig
from connectors.stream_config import StreamConfig


def listed(config: SiteConfig) -> tuple[Stream, ...]:
    """List the described streams, in the file's order."""
    return tuple(
        Stream(name=each.name, kind=each.kind, label_zh=each.label_zh, label_en=each.label_en)
        for each in config.streams.values()
    )


def find_stream(config: SiteConfig, name: str) -> StreamConfig:
    """Get the stream called *name*. Raises `StopStream` SRC_NO_STREAM."""
    found = config.streams.get(name)
    if found is None:
        raise StopStream(config.id, "SRC_NO_STREAM", f"described are: {', '.join(config.streams)}")
    return found


class _Sited(Protocol):
    @property
    def source(self) -> str: ...


def _refusal(site: _Sited, capability: Capability) -> StopStream:
    return StopStream(site.source, "SRC_NOT_CAPABLE", f"{capability} is not among the capabilities")


class NoLookup:
    """For connectors that do not answer live."""

    async def lookup(
        self: _Sited,
        codes: Sequence[str],  # noqa: ARG002  the port's signature
        fields: Mapping[str, Sequence[str]],  # noqa: ARG002  the port's signature
        deadline_s: float,  # noqa: ARG002  the port's signature
    ) -> Found:
        """Refuse. Raises `StopStream` SRC_NOT_CAPABLE."""
        raise _refusal(self, Capability.LOOKUP)


class NoReport:
    """For connectors whose owner is told in another way."""

    async def report(self: _Sited, outcome: Outcome) -> None:  # noqa: ARG002  the port's signature
        """Refuse. Raises `StopStream` SRC_NOT_CAPABLE."""
        raise _refusal(self, Capability.REPORT)


class NoRead:
    """For connectors that are only asked live."""

    def read(self: _Sited, stream: str, cursor: str | None) -> AsyncIterator[Batch]:  # noqa: ARG002  the port's signature
        """Refuse at the first step. Raises `StopStream` SRC_NOT_CAPABLE."""
        return _Refusing(_refusal(self, Capability.READ))


class _Refusing(AsyncIterator[Batch]):
    """An iteration whose first step refuses, as the port says."""

    def __init__(self, refusal: StopStream) -> None:
        self._refusal = refusal

    async def __anext__(self) -> Batch:
        raise self._refusal

    async def aclose(self) -> None:
        """Do nothing: there is nothing open."""
