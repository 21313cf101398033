"""
Who asks: token → partner → caller.

Rules:
    - No Authorization header means the public. A header that is not one valid bearer token is an error, never the
      public: an asker who meant to be somebody must not silently get less, nor slip through by a broken token.
    - The same words refuse an unknown and a suspended partner.
"""

import re

from hub.clock import Clock
from hub.errors import UnauthenticatedError
from hub.identity.caller import Caller, the_public
from hub.identity.partners import Partner, Partners
from hub.identity.tokens import TokenVerifier

_BEARER = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/=-]+) *")


class Identity:
    """Tells who asks. One per process."""

    def __init__(self, *, verifier: TokenVerifier, partners: Partners, clock: Clock) -> None:
        self._verifier = verifier
        self._partners = partners
        self._clock = clock

    async def identify(self, authorization: list[bytes]) -> Caller:
        """
        Tell who asks by the values of all Authorization headers.

        Raises:
            UnauthenticatedError: there is a header and it is not one valid bearer token of a served partner.
        """
        if not authorization:
            return the_public()
        if len(authorization) > 1:
            raise UnauthenticatedError("Send one Authorization header", error="invalid_request")
        match = _BEARER.fullmatch(authorization[0])
        if match is None:
            raise UnauthenticatedError("Expected a bearer token", error="invalid_request")
        now = self._clock.now()
        claims = self._verifier.verify(match[1].decode("ascii"), now)
        partner = await self._partners.find(claims.partner)
        if partner is None or not partner.is_served(now):
            raise UnauthenticatedError("The token's holder is not an active partner")
        return caller_of(partner, claims.jti)


def caller_of(partner: Partner, token_id: str | None) -> Caller:
    """The caller that *partner* is, with the id of the token it showed."""
    return Caller(
        partner=partner.id,
        actor=partner.actor,
        organisation=partner.organisation,
        ceiling=partner.ceiling,
        regions=partner.regions,
        sectors=partner.sectors,
        purposes=partner.purposes,
        token_id=token_id,
    )
