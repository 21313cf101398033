"""How `check` measures: a probe that may fail, and never a raise."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from connectors.errors import SourceError
from connectors.port import Health
from connectors.transport.seam import typed


async def health_of(source: str, probe: Callable[[], Awaitable[datetime | None]]) -> Health:
    """Run *probe*, which gives the site's own clock or None, and say how it went."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    site_time: datetime | None = None
    code = "OK"
    try:
        site_time = await probe()
    except SourceError as error:
        code = error.code
    except Exception as error:  # noqa: BLE001  a check never raises: its code says what failed
        code = typed(source, error).code
    return Health(reachable=code == "OK", code=code, latency_s=loop.time() - start, site_time=site_time)
