"""What the peers serve: the hub's schema without federation, and three subgraphs that make one profile between them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    NamedTypeNode,
    NameNode,
    Node,
    ScalarTypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from bench.question import LIVE_KINDS, LIVE_THIRDS
from schema.catalogue import KINDS
from schema.catalogue.model import FieldType, fields_of

_HUB = Path(__file__).parent.parent / "schema" / "hub.graphql"
# Their values are texts; a peer serves them fastest as String.
_TEXTS = frozenset({"Day", "Amount", "Instant"})
_BASE = "kind: String day: String publicityState: String"


class _Plain(Visitor):
    def enter_directive(self, _node: DirectiveNode, *_: Any) -> Any:
        return REMOVE

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> Any:
        return REMOVE if node.name.value.startswith("_") else None

    def enter_scalar_type_definition(self, node: ScalarTypeDefinitionNode, *_: Any) -> Any:
        return REMOVE if node.name.value in _TEXTS else None

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> Any:
        return NamedTypeNode(name=NameNode(value="String")) if node.name.value in _TEXTS else None


def plain_sdl() -> str:
    """The hub's committed schema without directives and `_…`."""
    document = parse(_HUB.read_text(encoding="utf-8"))
    kept = tuple(each for each in document.definitions if _is_kept(each))
    return print_ast(visit(DocumentNode(definitions=kept), _Plain()))


def _is_kept(node: Node) -> bool:
    if node.kind in {"directive_definition", "schema_extension", "schema_definition"}:
        return False
    name = getattr(node, "name", None)
    return name is not None and not name.value.startswith("_") and name.value != "FieldSet"


def subgraphs() -> Sequence[Mapping[str, str]]:
    """Name and SDL of each of the three; the first has the root field and the subject's own fields."""
    made = []
    for number, third in enumerate(LIVE_THIRDS):
        own = "\n".join(f"  {name}: {LIVE_KINDS[name]}Page" for name in third)
        head = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n'
        types = "\n".join(_page(LIVE_KINDS[name]) for name in third)
        if number == 0:
            head += "type Query { subject(code: ID!): CreditSubject }\n"
            own += (
                "\n  name: String\n  status: String\n  region: String\n  sector: String\n  registration: Registration"
            )
            types += "\n" + _kind("Registration")
        made.append(
            {
                "name": f"third{number}",
                "sdl": f'{head}type CreditSubject @key(fields: "code") {{\n  code: ID!\n{own}\n}}\n{types}\n',
            }
        )
    return made


def _page(kind: str) -> str:
    return f"type {kind}Page {{ totalCount: Int nodes: [{kind}!] }}\n{_kind(kind)}"


def _kind(kind: str) -> str:
    types = {FieldType.TEXTS: "[String!]", FieldType.BOOLEAN: "Boolean"}
    fields = "\n".join(
        f"  {camel(spec.name)}: {types.get(spec.field.type, 'String')}" for spec in fields_of(KINDS[kind])
    )
    return f"type {kind} {{ {_BASE}\n{fields}\n}}"


def camel(name: str) -> str:
    """`document_no` -> `documentNo`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
