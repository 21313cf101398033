"""Officers of a running hub: how they act by GraphQL and on the command line, and what the store holds."""

import asyncio
import json
import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select, update

from hub.administration.journal import Journal
from hub.clock import SystemClock
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.office import Office
from hub.identity.officers.rows import SESSION
from hub.identity.officers.sessions import Method, OfficerSessions
from hub.store.administration_tables import AccessGrant, BreakGlass, ChangeApproval, ChangeSet, JournalRow, RecordLabel
from hub.store.engine import open_engine, open_plain_engine, writing
from hub.store.officers_tables import Officer
from hub.store.tables import Partner, PolicyVersion, table_of
from tests.journeys.serving import HUB, Serving

FOUNDING = [
    *("--administrator", "guan:管一", "--administrator", "li:李二"),
    *("--security-officer", "bao:鲍一", "--security-officer", "mi:米二", "--security-officer", "an:安三"),
    *("--security-officer", "ye:叶四", "--auditor", "shen:沈一"),
]
_WATCHED = (
    PolicyVersion,
    AccessGrant,
    ChangeSet,
    ChangeApproval,
    BreakGlass,
    RecordLabel,
    Partner,
    Officer,
    JournalRow,
)
_DO = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something was not done: the rule, and what carried it (HTTP status, or exit code)."""

    rule: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bureau:
    """The officers of a running hub."""

    serving: Serving
    url: str
    folder: Path

    def session(self, officer: str, carrier: Carrier = Carrier.HEADER) -> str:
        """Start a session as a sign-in does, for the ceremonies are tested elsewhere; its secret."""
        return asyncio.run(self._session(officer, carrier))

    async def _session(self, officer: str, carrier: Carrier) -> str:
        engine, clock = open_engine(self.url), SystemClock()
        try:
            journal = Journal(engine, clock, secrets.token_bytes)
            office = Office(engine=engine, journal=journal, clock=clock, entropy=secrets.token_bytes)
            async with writing(engine) as writer:
                sessions = OfficerSessions(office, origin=self.serving.url)
                return (await sessions.start(writer, officer, Method.TOTP, carrier)).secret
        finally:
            await engine.dispose()

    def age(self, officer: str) -> None:
        """Let every proof of presence of *officer* be of long ago."""
        engine = open_plain_engine(self.url)
        with engine.begin() as connection:
            long_ago = {"proved_at": "2026-01-01T00:00:00.000000Z"}
            connection.execute(update(SESSION).where(SESSION.c.officer == officer).values(**long_ago))
        engine.dispose()

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that an officer's act could change, but sessions."""
        engine = open_plain_engine(self.url)
        with engine.connect() as connection:
            held = {}
            for kind in _WATCHED:
                table = table_of(kind)
                columns = [column for column in table.c if column.name not in {"log_index", "last_used"}]
                query = select(*columns).order_by(*table.primary_key.columns)
                if kind is JournalRow:
                    query = query.where(table.c.kind.not_in(["session"]))
                held[str(table.name)] = [tuple(row) for row in connection.execute(query)]
        engine.dispose()
        return held

    def ask(self, secret: str, document: str, **variables: object) -> httpx2.Response:
        """Send one document to the officers' window."""
        return self.post(secret, {"query": document, "variables": variables})

    def post(self, secret: str, body: object) -> httpx2.Response:
        """Send any JSON there."""
        headers = {"authorization": f"Officer {secret}"}
        return httpx2.post(f"{self.serving.url}/administration/graphql", json=body, headers=headers, timeout=_DO)

    def done(self, secret: str, document: str, **variables: object) -> Any:
        """The value of the one root field of what must succeed."""
        answer = self.ask(secret, document, **variables).json()
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value

    def run(
        self, secret: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a `hub` command with the session *secret*."""
        given = {**self.serving.environment, "HUB_OFFICER_SESSION": secret, **(environment or {})}
        return subprocess.run([str(HUB), *words], env=given, capture_output=True, text=True, timeout=_DO, check=False)

    def file(self, change: Mapping[str, object]) -> str:
        """A file to draft from."""
        path = self.folder / f"draft-{secrets.token_hex(4)}.json"
        path.write_text(json.dumps(change), encoding="utf-8")
        return str(path)


def refusal_of(answer: httpx2.Response) -> Refusal:
    """Why the window refused; fails if it did not."""
    (error,) = answer.json()["errors"]
    return Refusal(rule=error["extensions"]["rule"], status=answer.status_code)


class ByGraph:
    """Acts through the officers' schema."""

    name = "graphql"

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau

    def _refused(self, secret: str, document: str, **variables: object) -> str:
        return refusal_of(self._bureau.ask(secret, document, **variables)).rule

    def draft(self, secret: str, change: Mapping[str, object]) -> str:
        return self._refused(secret, DRAFT, change=change)

    def submit_at_once(self, secret: str, change_id: str) -> str:
        return self._refused(
            secret, "mutation($id: ID!) { submitChangeSet(id: $id, atOnce: true) { id } }", id=change_id
        )

    def approve(self, secret: str, change_id: str, digest: str) -> str:
        return self._refused(secret, APPROVE, id=change_id, digest=digest)

    def reject(self, secret: str, change_id: str) -> str:
        document = 'mutation($id: ID!) { rejectChangeSet(id: $id, comment: "no") { id } }'
        return self._refused(secret, document, id=change_id)

    def withdraw(self, secret: str, change_id: str) -> str:
        document = 'mutation($id: ID!) { withdrawChangeSet(id: $id, comment: "no") { id } }'
        return self._refused(secret, document, id=change_id)

    def approve_glass(self, secret: str, glass_id: str) -> str:
        return self._refused(secret, "mutation($id: ID!) { approveBreakGlass(id: $id) { id } }", id=glass_id)

    def review_glass(self, secret: str, glass_id: str) -> str:
        document = 'mutation($id: ID!) { reviewBreakGlass(id: $id, verdict: JUSTIFIED, comment: "no") { id } }'
        return self._refused(secret, document, id=glass_id)

    def suspend_officer(self, secret: str, officer: str) -> str:
        document = 'mutation($id: ID!) { suspendOfficer(id: $id, reason: "no") { id } }'
        return self._refused(secret, document, id=officer)


class ByCommand:
    """Acts through the command line, each command a process of its own."""

    name = "command line"

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau

    def _refused(self, secret: str, *words: str) -> str:
        done = self._bureau.run(secret, *words)
        assert (1, "") == (done.returncode, done.stdout), done.stderr
        (line,) = done.stderr.splitlines()
        assert "(rule " in line, line
        return line.rpartition("(rule ")[2].rstrip(")")

    def draft(self, secret: str, change: Mapping[str, object]) -> str:
        return self._refused(secret, "change", "draft", self._bureau.file(change))

    def submit_at_once(self, secret: str, change_id: str) -> str:
        return self._refused(secret, "change", "submit", change_id, "--at-once")

    def approve(self, secret: str, change_id: str, digest: str) -> str:
        return self._refused(secret, "change", "approve", change_id, "--digest", digest, "--comment", "seen")

    def reject(self, secret: str, change_id: str) -> str:
        return self._refused(secret, "change", "reject", change_id, "--comment", "no")

    def withdraw(self, secret: str, change_id: str) -> str:
        return self._refused(secret, "change", "withdraw", change_id, "--comment", "no")

    def approve_glass(self, secret: str, glass_id: str) -> str:
        return self._refused(secret, "glass", "approve", glass_id)

    def review_glass(self, secret: str, glass_id: str) -> str:
        return self._refused(secret, "glass", "review", glass_id, "--verdict", "justified", "--comment", "no")

    def suspend_officer(self, secret: str, officer: str) -> str:
        return self._refused(secret, "officer", "suspend", officer, "--reason", "no")


Surface = ByGraph | ByCommand

DRAFT = "mutation($change: NewChangeSet!) { draftChangeSet(change: $change) { id digest state needed weight } }"
SUBMIT = "mutation($id: ID!) { submitChangeSet(id: $id) { id digest state needed } }"
APPROVE = """mutation($id: ID!, $digest: String!) {
  approveChangeSet(id: $id, digest: $digest, comment: "seen") { id state policyVersion approvals { officer } }
}"""
AMEND = "mutation($id: ID!, $change: NewChangeSet!) { amendChangeSet(id: $id, change: $change) { id digest state } }"
SHOW = "query($id: ID!) { changeSet(id: $id) { state digest revision approvals { officer } policyVersion } }"
GLASS = "mutation($request: NewBreakGlass!) { requestBreakGlass(request: $request) { id state } }"


def environment_of(serving: Serving) -> dict[str, str]:
    """The surroundings of a hub's commands, without anybody's session."""
    return {**os.environ, **serving.environment}


def labels(*items: Mapping[str, object], reason: str = "review of labels") -> dict[str, object]:
    """A change set's draft."""
    return {"reason": reason, "items": list(items)}


def items_of(change: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """The items of a draft."""
    items: Sequence[Mapping[str, object]] = change["items"]  # type: ignore[assignment]  # as `labels` makes it
    return items
