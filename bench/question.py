"""
The questions of the bench, the one who asks them, and the requests as bytes.

Rules:
    - Who asks is a department: it reads most fields whole, amounts of arrears as a band (m3), identity numbers and
      scores not at all. So every answer has whole, masked and denied values.
    - A peer is sent the same document and variables, without token and purpose: it knows neither.
"""

import base64
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphql import FieldNode, Visitor, parse, print_ast, visit

from schema.identifiers.uscc import compose

PARTNER = "bench-department"
ORGANISATION = compose("11510000", "MB0000BE")
PURPOSE = {"code": "SUPERVISION", "context": {"task": "2026-双随机-17"}}

_HEAD = "code title: name status region sector"
_REGISTRATION = """
registration {
  name registrationNo status enterpriseType legalRepresentative legalRepresentativeIdNo capital: registeredCapital
  foundedOn validFrom validTo authorityName address businessScope
}"""
_BASE = "kind day state: publicityState"
_KINDS: Mapping[str, str] = {
    "Licence": "documentNo documentTitle licenceKind certificateName licenceNo content validFrom validTo",
    "Penalty": (
        "documentNo facts penaltyKinds content fine: fineAmount confiscatedAmount legalRepresentativeIdNo ...Publicity"
    ),
    "ListEntry": "listCode listName reason documentNo listedOn entryState ...Publicity",
    "Grade": "scheme grade score certificateNo period issuedOn validTo gradeState",
    "Commitment": "commitmentNo commitmentType matter content committedOn dueOn fulfilment",
    "Arrears": "billingPeriod due: amountDue unpaid: amountUnpaid lateFee dueOn urgedOn paymentState",
}
_FRAGMENTS = "fragment Publicity on CreditRecord { severity publicityFrom publicityTo repairableFrom }"

PROFILE = f"""query Profile($code: ID!) {{
  subject(code: $code) {{
    {_HEAD}
    {_REGISTRATION}
    records(first: 50) {{
      totalCount
      nodes {{ {_BASE} {" ".join(f"... on {kind} {{ {fields} }}" for kind, fields in _KINDS.items())} }}
    }}
  }}
}}
{_FRAGMENTS}
"""
"""The full profile, about 350 values."""

LIVE_KINDS: Mapping[str, str] = {
    "licences": "Licence",
    "grades": "Grade",
    "commitments": "Commitment",
    "arrears": "Arrears",
}
"""Field of the answer -> kind, of the profile over live sources."""
LIVE_THIRDS: Sequence[Sequence[str]] = (("licences",), ("grades", "commitments"), ("arrears",))
"""Which of them each of the three sources serves."""


def live_profile(*, federated: bool) -> str:
    """The full profile over three sources: for the hub, or in the words of the three subgraphs (*federated*)."""
    parts = []
    for name, kind in LIVE_KINDS.items():
        fields = f"{_BASE} {_KINDS[kind]}"
        if federated:
            parts.append(f"{name} {{ totalCount nodes {{ {fields} }} }}")
        else:
            nodes = f"{_BASE} ... on {kind} {{ {_KINDS[kind]} }}"
            parts.append(f"{name}: records(kinds: [{kind.upper()}], first: 50) {{ totalCount nodes {{ {nodes} }} }}")
    inner = "\n    ".join(parts)
    return f"query Profile($code: ID!) {{ subject(code: $code) {{ {_HEAD} {_REGISTRATION} {inner} }} }}"


BATCH = (
    PROFILE.replace("query Profile($code: ID!) {", "query Batch($references: [_Any!]!) {")
    .replace("subject(code: $code) {", "_entities(representations: $references) { ... on CreditSubject {")
    .replace("\n}\nfragment", "\n}}\nfragment")
)
"""The full profile of many subjects, as a gateway asks for them."""


def without_aliases(document: str, keep: Container[str] = ()) -> str:
    """The same question with every field under its own name, but for aliases to *keep*: its answer is the data."""

    class Strip(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
            return None if node.alias is None or node.alias.value in keep else replace(node, alias=None)

    return print_ast(visit(parse(document), Strip()))


def leaves(value: object) -> int:
    """How many values an answer shows: scalars and nulls; a list of texts counts as one."""
    if isinstance(value, dict):
        return sum(leaves(item) for item in value.values())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sum(leaves(item) for item in value)
    return 1


def body(document: str, variables: Mapping[str, Any], *, ours: bool) -> bytes:
    """The JSON of a request."""
    asked: dict[str, Any] = {"query": document, "variables": variables}
    if ours:
        asked["extensions"] = {"purpose": PURPOSE}
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()


def request(data: bytes, *, host: str, path: str, token: str | None) -> bytes:
    """A whole HTTP request."""
    head = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", "Accept: application/json"]
    if token is not None:
        head.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*head, f"Content-Length: {len(data)}", "", ""]).encode() + data


def base64_of(data: bytes) -> str:
    """For a JSON file."""
    return base64.b64encode(data).decode()
