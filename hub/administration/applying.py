"""
Applying a change set: everything in the transaction of its last approval, or nothing.

Each thing that was done has a journal row of its own, so that a grant or a label is found in the log by itself.
"""

import json

from sqlalchemy import delete, insert, update

from hub.administration.acting import Agent
from hub.administration.assessing import Assessment
from hub.administration.desk import Desk
from hub.administration.items import (
    GiveGrant,
    LabelRecord,
    ProlongGrant,
    PutOfficer,
    PutPartner,
    PutPartnerKey,
    SetPartner,
)
from hub.administration.model import Change
from hub.administration.register import Accounts, apply_register
from hub.administration.rights_checked import GRANT, LABEL, marked_item
from hub.administration.timeline import VERSION, read_policy, read_timeline
from hub.audit.entries import Kind
from hub.clock import from_iso, iso
from hub.store.engine import Writer
from keys.canonical import Json, canonical_json
from schema.policy.model import Policy
from schema.policy.parse import policy_json


class Applier:
    """Puts change sets into force."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts

    async def apply(self, writer: Writer, agent: Agent, change: Change, assessment: Assessment) -> int | None:
        """
        Apply *change* as it was assessed in the same transaction.

        Returns:
            Number of the policy version it made; None: it made none.
        """
        version = None if assessment.policy is None else await self._put_policy(writer, change, assessment)
        current = assessment.policy
        for item in change.items:
            match item:
                case GiveGrant():
                    await self._give(writer, agent, change, item)
                case ProlongGrant():
                    await self._prolong(writer, agent, change, item)
                case LabelRecord():
                    await self._label(writer, agent, change, item)
                case PutPartner() | SetPartner() | PutPartnerKey() | PutOfficer():
                    current = current or await self._policy(writer)
                    by = (change.drafted_by, change.id)
                    now = self._desk.clock.now()
                    done = await apply_register(writer, item, current, self._accounts, by=by, now=now)
                    kind: Kind = "officer" if isinstance(item, PutOfficer) else "partner"
                    await self._desk.note(writer, kind, agent, "entered", {**done, "change": change.id})
                case _:
                    pass  # a part of the policy, which is stored whole
        return version

    async def _policy(self, writer: Writer) -> Policy:
        timeline = await read_timeline(writer)
        head = timeline.in_force(self._desk.now())
        if head is None:  # assessed a moment ago in this transaction
            raise AssertionError("a change of the register was assessed without a policy")
        return await read_policy(writer, head)

    async def _put_policy(self, writer: Writer, change: Change, assessment: Assessment) -> int:
        await writer.take_turn("policy_version")
        policy = assessment.policy
        if policy is None:
            raise AssertionError("nothing to put")
        number = (await read_timeline(writer)).next_number
        row = {
            "version": number,
            "digest": policy.digest,
            "body": canonical_json(policy_json(policy)).decode(),
            "valid_from": assessment.begin,
            "valid_to": assessment.end,
            "change_id": change.id,
            "log_index": None,
        }
        await writer.write(insert(VERSION), [row])
        return number

    async def _give(self, writer: Writer, agent: Agent, change: Change, item: GiveGrant) -> None:
        row: dict[str, str | bool | None] = {
            "id": self._desk.new_id(),
            "partner": item.partner,
            "category": item.category.value,
            "coordinates": json.dumps(sorted(item.coordinates)),
            "source": item.source,
            "subject": item.subject,
            "purpose": item.purpose,
            "tier": item.tier.value,
            "valid_from": iso(from_iso(item.valid_from)),
            "valid_to": iso(from_iso(item.valid_to)),
            "break_glass": False,
            "reason": change.reason,
            "change_id": change.id,
            "given_by": change.drafted_by,
            "given_at": self._desk.now(),
        }
        await writer.write(insert(GRANT), [row])
        names = ("partner", "category", "source", "subject", "purpose", "tier", "valid_from", "valid_to")
        said: dict[str, Json] = {name: row[name] for name in names}
        said |= {"grant": row["id"], "coordinates": [*sorted(item.coordinates)], "change": change.id}
        await self._desk.note(writer, "grant", agent, "given", said)

    async def _prolong(self, writer: Writer, agent: Agent, change: Change, item: ProlongGrant) -> None:
        until = iso(from_iso(item.valid_to))
        await writer.write(
            update(GRANT).where(GRANT.c.id == item.id).values(valid_to=until, change_id=change.id, reason=change.reason)
        )
        said = {"grant": item.id, "valid_to": until, "change": change.id}
        await self._desk.note(writer, "grant", agent, "recertified", said)

    async def _label(self, writer: Writer, agent: Agent, change: Change, item: LabelRecord) -> None:
        here = (
            LABEL.c.subject_code == item.subject,
            LABEL.c.kind == item.kind,
            LABEL.c.record_key == item.record_key,
        )
        await writer.write(delete(LABEL).where(*here))
        marked = marked_item(item)
        if marked is not None:
            row = {
                "subject_code": item.subject,
                "kind": item.kind,
                "record_key": item.record_key,
                "tier": marked.tier.value,
                "regions": json.dumps(sorted(marked.regions)) if marked.regions else None,
                "reason": change.reason,
                "valid_from": self._desk.now(),
                "valid_to": marked.valid_to,
                "change_id": change.id,
            }
            await writer.write(insert(LABEL), [row])
        # Not the record's key: it is a digest of what stands in the record.
        said = {"subject": item.subject, "record_kind": item.kind, "change": change.id}
        if item.tier is not None:
            said["tier"] = item.tier.value
        await self._desk.note(writer, "label", agent, "lifted" if marked is None else "labelled", said)
