"""One approver in a process of its own: approves one change set and says what became of it, or why not."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from hub.errors import RefusalError
from hub.identity.officers.model import Acting
from hub.identity.officers.rows import FIND_OFFICER, SESSION, officer_of
from hub.store.engine import open_engine, writing
from tests.hub.administration.hall import hall_of
from tests.hub.identity.officers.bureau import new_bureau


async def main(url: str, folder: str, session: str, now: str, *looked_at: str) -> str:
    change, digest = looked_at
    engine = open_engine(url)
    bureau = new_bureau(engine, Path(folder))
    bureau.clock.at = datetime.fromisoformat(now)
    hall = hall_of(bureau)
    try:
        async with writing(engine) as writer:
            row = await writer.first(select(SESSION).where(SESSION.c.id == session))
            officer = officer_of(await writer.first(FIND_OFFICER, {"officer": row.officer}))
        acting = Acting(officer=officer, session=session, stepped_up=True)
        return (await hall.changes.approve(acting, change, "looked", digest=digest)).state.value
    except RefusalError as refusal:
        return refusal.code.value
    finally:
        await engine.dispose()


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(main(*sys.argv[1:])))
