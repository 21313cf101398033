"""From a caller and a stated purpose to a standing: everything that decides access, and nothing else."""

from collections.abc import Sequence

from hub.access.purpose import Purpose
from hub.access.rights import NO_RIGHTS, Held
from hub.errors import PurposeRequiredError
from hub.identity.caller import Caller
from schema.policy.decide import PUBLIC_LOOKUP, missing_context
from schema.policy.model import Policy, Standing

_CONSENT = "consent"


def standing_of(
    caller: Caller,
    purpose: Purpose,
    policy: Policy,
    *,
    rights: Held = NO_RIGHTS,
) -> Standing:
    """
    Build the standing of *caller* for *purpose* under *policy*.

    Args:
        caller: As identity verified it.
        purpose: As the request stated it; it may still be unknown, not allowed or incomplete.
        policy: The version in force.
        rights: Consents given to the caller's organisation and grants given to it, those valid now. Of them count
            those for this purpose, and where the purpose must name a consent, that one alone.
    """
    rule = policy.purposes.get(purpose.code)
    named = dict(purpose.context).get(_CONSENT) if rule is not None and _CONSENT in rule.requires else None
    return Standing(
        actor=caller.actor,
        organisation=caller.organisation,
        ceiling=caller.ceiling,
        regions=caller.regions,
        sectors=caller.sectors,
        purposes=caller.purposes | {PUBLIC_LOOKUP},
        purpose=purpose.code,
        context=purpose.context,
        consents=tuple(
            consent for consent in rights.consents if consent.purpose == purpose.code and named in (None, consent.id)
        ),
        grants=tuple(grant for grant in rights.grants if grant.purpose == purpose.code),
        policy_version=policy.version,
    )


def check_purpose(policy: Policy, standing: Standing) -> None:
    """
    Check that the standing's purpose is one it may name, with its context complete.

    `decide` refuses the same in the same order; this tells the asker at once, and what is missing.

    Raises:
        PurposeRequiredError: `extensions.rule` is `purpose.unknown`, `purpose.not_allowed` or `purpose.context`, with
            the missing keys in `extensions.missing` for the last.
    """
    rule = policy.purposes.get(standing.purpose)
    if rule is None:
        raise _refusal("purpose.unknown", f"expected one of {', '.join(sorted(policy.purposes))}")
    if standing.purpose not in standing.purposes:
        raise _refusal("purpose.not_allowed", f"expected one of {', '.join(sorted(standing.purposes))}")
    missing = missing_context(rule, standing)
    if missing:
        raise _refusal("purpose.context", f"{rule.code} needs {', '.join(missing)}", missing)


def _refusal(rule: str, expected: str, missing: Sequence[str] = ()) -> PurposeRequiredError:
    extensions: dict[str, object] = {"rule": rule}
    if missing:
        extensions["missing"] = list(missing)
    return PurposeRequiredError(
        f"purpose of use: {rule}: {expected}", place=("extensions", "purpose"), extensions=extensions
    )
