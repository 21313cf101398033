"""What `hub partner` prints."""

from collections.abc import Sequence

from hub.cli.tables import minute, print_json, print_lines, print_table
from hub.identity.entry import Partner
from hub.identity.partner_keys import HeldKey

_LIMITS = {
    "rows": "rows_max",
    "bytes": "bytes_max",
    "requests/min": "requests_per_minute",
    "subjects/day": "subjects_per_day",
}


def print_entries(partners: Sequence[Partner], *, as_json: bool) -> None:
    """Print entries as a table."""
    if as_json:
        print_json([plain_entry(each) for each in partners])
        return
    print_table(
        ("id", "name", "actor", "organisation", "ceiling", "regions", "purposes", "state", "valid to"),
        [
            (
                each.id,
                each.name,
                each.actor.value,
                each.organisation or "-",
                each.ceiling.value,
                _regions(each),
                ", ".join(sorted(each.purposes)),
                ", ".join((each.state.value, *_limits(each))),
                each.valid_to.isoformat() if each.valid_to else "-",
            )
            for each in partners
        ],
        empty="no partner yet: hub partner add --help",
    )


def print_entry(partner: Partner, keys: Sequence[HeldKey], *, as_json: bool) -> None:
    """Print one entry whole, with its keys."""
    if as_json:
        print_json({**plain_entry(partner), "keys": [plain_key(key) for key in keys]})
        return
    print_lines(
        [
            ("id", partner.id),
            ("name", partner.name),
            ("contact", partner.contact or ""),
            ("actor", partner.actor.value),
            ("organisation", partner.organisation or ""),
            ("ceiling", partner.ceiling.value),
            ("regions", _regions(partner)),
            ("sectors", ", ".join(sorted(partner.sectors))),
            ("purposes", ", ".join(sorted(partner.purposes))),
            ("limits", ", ".join(_limits(partner))),
            ("documents", "registered ones alone" if partner.only_trusted_documents else ""),
            ("state", partner.state.value),
            ("valid from", partner.valid_from.isoformat() if partner.valid_from else ""),
            ("valid to", partner.valid_to.isoformat() if partner.valid_to else ""),
            ("tokens after", minute(partner.tokens_after) if partner.tokens_after else ""),
            ("keys read from", partner.jwks_uri or ""),
        ]
    )
    print_keys(keys, as_json=False)


def print_keys(keys: Sequence[HeldKey], *, as_json: bool) -> None:
    """Print keys as a table."""
    if as_json:
        print_json([plain_key(key) for key in keys])
        return
    print_table(
        ("kid", "signs by", "origin", "added (UTC)", "valid to (UTC)", "state"),
        [
            (
                each.key.kid,
                "/".join(sorted(each.key.algorithms)),
                each.origin,
                minute(each.added_at),
                minute(each.valid_to),
                each.state,
            )
            for each in keys
        ],
        empty="no key yet: hub partner key add --help",
    )


def plain_entry(partner: Partner) -> dict[str, object]:
    """An entry, ready for JSON."""
    return {
        "id": partner.id,
        "name": partner.name,
        "actor": partner.actor.value,
        "organisation": partner.organisation,
        "ceiling": partner.ceiling.value,
        "regions": sorted(partner.regions),
        "sectors": sorted(partner.sectors),
        "purposes": sorted(partner.purposes),
        "state": partner.state.value,
        "createdAt": partner.created_at,
        "validFrom": partner.valid_from.isoformat() if partner.valid_from else None,
        "validTo": partner.valid_to.isoformat() if partner.valid_to else None,
        "contact": partner.contact,
        "jwksUri": partner.jwks_uri,
        "onlyTrustedDocuments": partner.only_trusted_documents,
        "rowsMax": partner.rows_max,
        "bytesMax": partner.bytes_max,
        "requestsPerMinute": partner.requests_per_minute,
        "subjectsPerDay": partner.subjects_per_day,
        "tokensAfter": partner.tokens_after,
    }


def plain_key(held: HeldKey) -> dict[str, object]:
    """A key, ready for JSON."""
    return {
        "kid": held.key.kid,
        "thumbprint": held.key.thumbprint,
        "jwk": dict(held.key.jwk),
        "algorithms": sorted(held.key.algorithms),
        "origin": held.origin,
        "addedAt": held.added_at,
        "validTo": held.valid_to,
        "state": held.state,
    }


def _regions(partner: Partner) -> str:
    return ", ".join(sorted(region or "whole country" for region in partner.regions)) or "-"


def _limits(partner: Partner) -> list[str]:
    limits = {words: getattr(partner, name) for words, name in _LIMITS.items()}
    return [f"{limit} {words}" for words, limit in limits.items() if limit is not None]
