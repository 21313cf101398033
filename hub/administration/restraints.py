"""
Restraints: what one officer takes away at once, from the next request on. Giving it back is a change set.

Grants and consents are taken back where they are kept (`Grants.revoke`, `Consents.revoke`), officers suspended by
`hub.identity.officers.accounts.Officers.suspend`, policy restrained by `Changes.submit` with *at_once*.
"""

import re
from datetime import timedelta

from hub.administration.acting import Agent
from hub.administration.desk import Desk, check_reason
from hub.errors import BadInputError, ConflictError
from hub.identity.entry import PartnerState
from hub.identity.officers.duties import Duty
from hub.identity.partner_keys import revoke_key
from hub.identity.partners import find_partner, refuse_tokens_before, set_state
from hub.identity.revocations import revoke_by_id
from hub.store.engine import Reader

_JTI = re.compile(r"[\x21-\x7e]{1,255}")
TOKEN_LIVES_AT_MOST = timedelta(days=1)
"""How long a revoked token is remembered. No token of the hub lives longer: `HUB_TOKEN_LIFETIME_S` is minutes."""


class Restraints:
    """Takes away."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def suspend_partner(self, agent: Agent, partner_id: str, reason: str) -> None:
        """
        Refuse a partner from its next request on.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: there is no such partner, or no reason.
            ConflictError: it is suspended already (`partner.suspended`).
        """
        reason = check_reason(reason)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.RESTRAIN_PARTNER)
            partner = await find_partner(writer, partner_id)
            if partner is None:
                raise _unknown()
            if partner.state is PartnerState.SUSPENDED:
                raise ConflictError("partner.suspended", "The partner is suspended already")
            await set_state(writer, partner_id, PartnerState.SUSPENDED)
            said = {"partner": partner_id, "reason": reason}
            await self._desk.note(writer, "partner", agent, "suspended", said)

    async def revoke_key(self, agent: Agent, partner_id: str, kid: str, reason: str) -> None:
        """
        Refuse a partner's key for ever, and every token got with it from its next request on.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: the partner has no such key that is not revoked yet.
        """
        reason = check_reason(reason)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.RESTRAIN_PARTNER)
            held = await revoke_key(writer, partner_id, kid)
            said = {"partner": partner_id, "thumbprint": held.key.thumbprint, "reason": reason}
            await self._desk.note(writer, "partner", agent, "key_revoked", said)

    async def revoke_token(self, agent: Agent, partner_id: str, jti: str, reason: str) -> None:
        """
        Refuse one access token of a partner, from its next request on.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: there is no such partner, or *jti* has not the form of a token's id.
            ConflictError: it is revoked already (`token.revoked`).
        """
        reason = check_reason(reason)
        if _JTI.fullmatch(jti) is None:
            raise BadInputError("jti: expected a token's id", place=("jti",), extensions={"rule": "token.jti"})
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.RESTRAIN_PARTNER)
            await _check_partner(writer, partner_id)
            now = self._desk.clock.now()
            if not await revoke_by_id(writer, jti, partner_id, expires_at=now + TOKEN_LIVES_AT_MOST, now=now):
                raise ConflictError("token.revoked", "The token is revoked already")
            said = {"partner": partner_id, "jti": jti, "reason": reason}
            await self._desk.note(writer, "token", agent, "revoked", said)

    async def revoke_tokens(self, agent: Agent, partner_id: str, reason: str) -> None:
        """
        Refuse every token of a partner that was issued until now; it gets new ones with its keys.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: there is no such partner.
        """
        reason = check_reason(reason)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.RESTRAIN_PARTNER)
            await _check_partner(writer, partner_id)
            await refuse_tokens_before(writer, partner_id, self._desk.clock.now())
            said = {"partner": partner_id, "reason": reason}
            await self._desk.note(writer, "token", agent, "all_revoked", said)


async def _check_partner(reader: Reader, partner_id: str) -> None:
    if await find_partner(reader, partner_id) is None:
        raise _unknown()


def _unknown() -> BadInputError:
    return BadInputError("No such partner", place=("partner",), extensions={"rule": "partner.unknown"})
