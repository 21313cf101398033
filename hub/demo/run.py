"""Runs the demonstration: sets the stage, asks, shows, verifies, and stays up if wanted."""

import asyncio
import shutil
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from rich.console import Console

from hub.audit.log import Log
from hub.audit.verify import Verdict, verify_receipt
from hub.demo.people import CLIENTS
from hub.demo.show import show
from hub.demo.stage import Stage, set_stage
from hub.identity.oauth.metadata import TOKEN_PATH
from hub.store.engine import open_engine

RECEIPTS = "receipts"
PURPOSE = 'PROCUREMENT_CHECK;tender="JJ-2026-088";lot="2";stage="S5"'
FIRST = """{
  subject(code: "%s") {
    name
    records { nodes { kind day ... on SupplierSanction { sanctionKind cause endsOn } } }
  }
}"""


async def run(directory: Path, *, size: int, port: int, once: bool, as_json: bool, fresh: bool) -> int:
    """
    Run the demonstration.

    Args:
        directory: Where it keeps its world, store and keys.
        size: Subjects of the world.
        port: Of the hub; 0 takes a free one.
        once: End when the answers are shown.
        as_json: Print one JSON line when ready instead of tables; stay up unless *once*.
        fresh: Begin anew.

    Returns:
        Exit code: 0 if every asker got an answer whose receipt verified, else 1.
    """
    # To stderr under --json: stdout then holds the one line and nothing else.
    console = Console(stderr=as_json, highlight=False)
    async with AsyncExitStack() as stack:
        if fresh:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        stage = await stack.enter_async_context(set_stage(directory, say=console.print, size=size, port=port))
        answers = {asker.name: await stage.ask(asker) for asker in stage.askers}
        verdicts = {name: _verified(answer, stage) for name, answer in answers.items()}
        _keep(directory / RECEIPTS, answers, stage)
        # Heard from here on: whoever reads the line below may end us at once.
        told = None if once else _listen()
        if as_json:
            print(orjson.dumps(_ready(stage, await _checkpoint(stage))).decode(), flush=True)  # noqa: T201  the command's output
        else:
            show(console, stage.askers, answers, verdicts)
            _tell(console, stage, directory, stays=not once)
        good = all(verdict.valid for verdict in verdicts.values())
        if told is not None and good:
            if not as_json:
                console.print("按 Ctrl-C 结束 Ctrl-C ends it.")
            await told.wait()
        return 0 if good else 1


def _verified(answer: Mapping[str, Any], stage: Stage) -> Verdict:
    return verify_receipt(answer, [stage.vkey])


def _keep(folder: Path, answers: Mapping[str, Mapping[str, Any]], stage: Stage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, answer in answers.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
    (folder / "log.vkey").write_text(stage.vkey + "\n", encoding="utf-8")


async def _checkpoint(stage: Stage) -> str | None:
    engine = open_engine(stage.collecting.settings.database_url)
    try:
        head = await Log(engine).checkpoint()
    finally:
        await engine.dispose()
    return head.note if head else None


def _ready(stage: Stage, checkpoint: str | None) -> dict[str, Any]:
    return {
        "graphql": f"{stage.url}/graphql",
        "issuer": stage.url,
        "token_endpoint": f"{stage.url}{TOKEN_PATH}",
        "console": None,
        "portal": None,
        "graphiql": f"{stage.url}/graphiql",
        "actors": {
            asker.name: {
                "token": stage.tokens.get(asker.name),
                "client_id": asker.partner.id if asker.partner else None,
                "key": str(stage.client_keys[asker.name].resolve()) if asker.partner else None,
                "kind": asker.partner.actor.value if asker.partner else "PU",
                "purpose": dict(asker.purpose),
            }
            for asker in stage.askers
        },
        "subjects": list(stage.subjects),
        "log": {"checkpoint": checkpoint, "vkey": stage.vkey},
    }


def _tell(console: Console, stage: Stage, directory: Path, *, stays: bool) -> None:
    kept = directory / RECEIPTS
    console.print("核验回执 check a receipt offline:")
    console.print(f".venv/bin/hub verify {kept}/procurement.json --vkey {kept}/log.vkey", soft_wrap=True)
    if not stays:
        console.print("让它继续运行 keep it up, with GraphiQL:  .venv/bin/hub demo")
        return
    console.print(f"GraphQL   {stage.url}/graphql")
    console.print(f"OAuth     {stage.url}{TOKEN_PATH}   私钥 private keys: {directory / CLIENTS}/*.jwk")
    console.print("GraphiQL，以采购平台身份 as the procurement platform (token good for 1 h):")
    given = urlencode({"token": stage.tokens["procurement"], "purpose": PURPOSE, "query": FIRST % stage.subject})
    console.print(f"{stage.url}/graphiql#{given}", soft_wrap=True)


def _listen() -> asyncio.Event:
    """Make an event that SIGINT and SIGTERM set."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, told.set)
    return told
