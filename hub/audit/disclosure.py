"""
The words of a disclosure: which values an entry of kind `disclosure` or `denial` commits to, under which names.

The exchange fills it, `hub verify` reads it out; both take the names from here. What is the same in many answers (the
coordinates of a plan, the context of a standing) may be given `Spelled`: it is then written and checked only once.

Source: DOMAIN.md §10.1.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.audit.entries import Entry
from hub.clock import iso
from keys.canonical import Json, Spelled, Value, canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """
    One question and what was answered.

    Attributes:
        at: When, aware.
        asker: Partner id; None: the public.
        actor: Kind of actor the policy judged.
        organisation: USCC of the asker's organisation, if it has one.
        purpose: Purpose code.
        context: What the purpose names (tender, lot, stage; consent).
        policy: Version of the access policy that decided.
        catalogue: Version of the catalogue.
        document: Digest of the GraphQL document, `sha256:<hex>`.
        operation: Name of its operation, if it has one.
        subjects: Codes of the subjects in the answer.
        served: Coordinates shown in the clear, e.g. `Penalty.decidedOn`.
        masked: Coordinate to the mask it was shown through.
        denied: Coordinate to the rule that denied it.
        answer: `answer_digest` of the response's `data`; None when the whole question was refused.
    """

    at: datetime
    asker: str | None
    actor: str
    organisation: str | None
    purpose: str
    context: Mapping[str, Json] | Spelled = field(default_factory=dict)
    policy: int
    catalogue: str
    document: str
    operation: str | None = None
    subjects: Sequence[str] | Spelled = ()
    served: Sequence[str] | Spelled = ()
    masked: Mapping[str, str] | Spelled = field(default_factory=dict)
    denied: Mapping[str, str] | Spelled = field(default_factory=dict)
    answer: str | None

    def entry(self) -> Entry:
        """Return the log entry: a denial if nothing was answered, else a disclosure."""
        return Entry(
            kind="denial" if self.answer is None else "disclosure",
            values={
                "at": iso(self.at),
                "asker": self.asker,
                "actor": self.actor,
                "organisation": self.organisation,
                "purpose": self.purpose,
                "context": _object(self.context),
                "policy": self.policy,
                "catalogue": self.catalogue,
                "document": self.document,
                "operation": self.operation,
                "subjects": _array(self.subjects),
                "served": _array(self.served),
                "masked": _object(self.masked),
                "denied": _object(self.denied),
                "answer": self.answer,
            },
        )


def answer_digest(data: object) -> str:
    """
    Digest the `data` of a response, `sha256:<hex>` of its canonical JSON: white space and key order do not count.

    Raises:
        CanonicalError: *data* holds what JSON cannot carry exactly, e.g. an integer of 2^53 or more.
    """
    return answer_digest_of(canonical_json(data))


def answer_digest_of(canonical: bytes) -> str:
    """Digest the `data` of a response, given as canonical JSON; the caller vouches that it is."""
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def _object(value: Mapping[str, Json] | Mapping[str, str] | Spelled) -> Value:
    return value if isinstance(value, Spelled) else dict(value)


def _array(value: Sequence[str] | Spelled) -> Value:
    return value if isinstance(value, Spelled) else list(value)
