"""
Who asks: token → partner → caller.

Rules:
    - No Authorization header means the public. A header that is not one valid bearer token is an error, never the
      public: an asker who meant to be somebody must not silently get less, nor slip through by a broken token.
    - The same words refuse an unknown and a suspended partner.
    - Who was identified is remembered by the header's bytes: until the token expires or the partner's validity ends,
      while the key still verifies, and while the epoch `partner` is the one known here. A caller from memory carries
      that epoch, and the commit of the answer checks it; where there is none, `confirm` does. Nobody is refused from
      memory.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from hub.clock import Clock
from hub.errors import UnauthenticatedError
from hub.gateway.port import Credentials, Identified
from hub.identity.caller import Caller, the_public
from hub.identity.partners import Known, Partners
from hub.identity.tokens import TokenVerifier

_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/=-]+) *")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A caller, the key that signed its token, and the first second (since 1970) at which it is nobody any more."""

    identified: Identified
    kid: str
    until: float


class Identity:
    """Tells who asks. One per process."""

    def __init__(self, *, verifier: TokenVerifier, partners: Partners, clock: Clock) -> None:
        self._verifier = verifier
        self._partners = partners
        self._clock = clock
        self._public = Identified(caller=the_public())
        # By the header's bytes, of valid tokens only: what is refused never takes a place.
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def identify(self, credentials: Credentials) -> Identified:
        """
        Tell who asks by what the request shows.

        Raises:
            UnauthenticatedError: there is a header and it is not one valid bearer token of a served partner.
        """
        authorization = credentials.authorization
        if not authorization:
            return self._public
        if len(authorization) > 1:
            raise UnauthenticatedError("Send one Authorization header", error="invalid_request")
        header = authorization[0]
        now = self._clock.now()
        found = self._remembered.get(header)
        if (
            found is not None
            and self._partners.is_current(found.identified.caller.epoch)
            and now.timestamp() < found.until
            and self._verifier.is_known(found.kid, now)
        ):
            self._remembered.move_to_end(header)
            return found.identified
        return await self._identify_anew(header, now)

    async def _identify_anew(self, header: bytes, now: datetime) -> Identified:
        match = _BEARER.fullmatch(header)
        if match is None:
            raise UnauthenticatedError("Expected a bearer token", error="invalid_request")
        claims = self._verifier.verify(match[1].decode("ascii"), now)
        known = self._partners.recall(claims.partner)
        if known is None or not known.partner.is_served(now):
            # Also if memory would refuse: it may be old, and who was reinstated must not wait for anybody's commit.
            known = await self._look_up(claims.partner, now)
        identified = Identified(caller=caller_of(known, claims.jti))
        until = min(float(claims.expires), known.partner.served_until)
        # Without padding: else one token could take all places, and long ones.
        if len(header) == len(match[1]) + len(b"Bearer "):
            self._remember(header, _Remembered(identified, claims.kid, until))
        return identified

    async def confirm(self, caller: Caller) -> None:
        """
        Check by the store that *caller*, as `identify` told it, is still a served partner; the public always is.

        Raises:
            UnauthenticatedError: it is not.
        """
        if caller.partner is None:
            return
        try:
            await self._look_up(caller.partner, self._clock.now())
        except UnauthenticatedError:
            # An entry that is gone tells no epoch, by which memory would learn of it.
            for header, held in list(self._remembered.items()):
                if held.identified.caller.partner == caller.partner:
                    del self._remembered[header]
            raise

    async def _look_up(self, partner_id: str, now: datetime) -> Known:
        known = await self._partners.look_up(partner_id)
        if known is None or not known.partner.is_served(now):
            raise UnauthenticatedError("The token's holder is not an active partner")
        return known

    def _remember(self, header: bytes, found: _Remembered) -> None:
        if found.identified.caller.epoch is None or self._verifier.memory == 0:
            return
        self._remembered[header] = found
        self._remembered.move_to_end(header)
        while len(self._remembered) > self._verifier.memory:
            self._remembered.popitem(last=False)


def caller_of(known: Known, token_id: str | None) -> Caller:
    """The caller that the partner is, with the id of the token it showed."""
    partner = known.partner
    return Caller(
        partner=partner.id,
        actor=partner.actor,
        organisation=partner.organisation,
        ceiling=partner.ceiling,
        regions=partner.regions,
        sectors=partner.sectors,
        purposes=partner.purposes,
        token_id=token_id,
        epoch=known.epoch,
        rows_max=partner.rows_max,
        bytes_max=partner.bytes_max,
    )
