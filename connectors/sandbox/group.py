"""
The group's procurement platform: a GraphQL endpoint that is asked live, and remembers what it was asked for.

Source: DOMAIN 14.1; wire contract in docs/sandbox.md 4, which prints this schema.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
    visit,
)
from graphql.language import FieldNode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.dealings import Json
from connectors.sandbox.draws import Draws
from connectors.sandbox.faults import Faults, is_admin
from connectors.sandbox.rows import Platform, WorldRow
from connectors.sandbox.world import World

MAX_CODES: Final = 500

SDL: Final = """type Query {
  "The platform's clock, UTC."
  now: String!
  "Suppliers in the order asked; null where the code is not in the register. At most 500 codes."
  suppliers(codes: [String!]!): SupplierAnswer!
}

type SupplierAnswer {
  "As of when the answer holds, UTC, YYYY-MM-DDTHH:MM:SSZ."
  asOf: String!
  items: [Supplier]!
}

"One supplier of the register (供应商名录)."
type Supplier {
  code: String!
  name: String!
  supplierNo: String!
  registeredOn: String
  categories: [String!]!
  "合格 | 暂停 | 注销"
  state: String
  updatedAt: String!
  sanctions: [Sanction!]!
  performance: [Performance!]!
}

"A sanction by the group (供应商不良行为处理), DOMAIN 14.1; field names are the catalogue's."
type Sanction {
  id: String!
  updatedAt: String!
  counterpartyName: String
  counterpartyCode: String
  sanctionNo: String
  groupName: String
  groupCode: String
  authorityName: String
  authorityCode: String
  sanctionKind: String
  scopeUnits: [String!]
  allCategories: Boolean
  scopeCategories: [String!]
  startsOn: String
  "Null when permanent."
  endsOn: String
  permanent: Boolean
  rectificationRequired: Boolean
  rectifiedOn: String
  liftedOn: String
  cause: String
  bulletinRef: String
  bribery: Boolean
  remark: String
}

"One contract's evaluation (履约评价); field names are the catalogue's. Amounts in 万元, decimal text."
type Performance {
  id: String!
  updatedAt: String!
  counterpartyName: String
  counterpartyCode: String
  contractNo: String
  projectName: String
  procurementCategory: String
  authorityName: String
  authorityCode: String
  contractAmount: String
  settledAmount: String
  signedOn: String
  deliveryDueOn: String
  deliveredOn: String
  evaluationPeriod: String
  evaluatedOn: String
  rating: String
  breached: Boolean
  breachDetail: String
  remark: String
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One question the platform was asked.

    Attributes:
        query: The document as sent.
        variables: As sent.
        fields: Schema coordinates the document selects, sorted: `Sanction.kind`.
        codes: Codes it asked for, over all `suppliers` fields that were executed.
    """

    query: str
    variables: dict[str, Any]
    fields: tuple[str, ...]
    codes: list[str] = field(default_factory=list)


class GroupPlatform:
    """
    The group's platform on a world.

    Attributes:
        key: Bearer key of the hub.
        admin_token: For `/_asked` and `/_faults`.
        faults: See `connectors.sandbox.faults`.
        asked: Every question that was let in, oldest first.
    """

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self._world = world
        self._clock = clock
        draws = Draws(world.seed, "group")
        self.key = "jj_" + "".join(f"{draws.word():08x}" for _ in range(4))
        self.admin_token = "".join(f"{draws.word():08x}" for _ in range(4))
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._schema = _schema()

    def app(self) -> Starlette:
        """Build the ASGI application, without the faults' middleware."""
        return Starlette(
            routes=[
                Route("/graphql", self._graphql, methods=["POST"]),
                Route("/_asked", self._tell_asked, methods=["GET", "DELETE"]),
            ],
        )

    def now(self) -> str:
        """Tell the platform's clock, UTC, whole seconds."""
        return datetime.fromtimestamp(int(self._clock() + self.faults.skew_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def suppliers(self, codes: list[str]) -> list["Node | None"]:
        """Look *codes* up in the register, order kept, None where one is not in it."""
        return [self._supplier(code) for code in codes]

    def _supplier(self, code: str) -> "Node | None":
        found = [row for row in self._world.of(Platform.GROUP, "Supplier", code) if row.op != "D"]
        return Node(row=found[-1], platform=self) if found else None

    def records(self, kind: str, code: str) -> list["Node"]:
        """Give the records of *kind* about *code*, oldest first."""
        rows = self._world.of(Platform.GROUP, kind, code)
        return [Node(row=row, platform=self) for row in rows if row.op != "D"]

    async def _graphql(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _refusal("a bearer key is expected", "UNAUTHENTICATED", 401)
        try:
            sent = orjson.loads(await request.body())
            query, variables = sent["query"], sent.get("variables") or {}
            document = parse(query)
        except GraphQLError as error:
            return JSONResponse({"errors": [error.formatted]}, status_code=400)
        except (ValueError, TypeError, KeyError, AttributeError):
            return _refusal("a JSON object with a query is expected", "BAD_REQUEST", 400)
        faults = validate(self._schema, document)
        if faults:
            return JSONResponse({"errors": [fault.formatted for fault in faults]}, status_code=400)
        asked = Asked(query=query, variables=variables, fields=self._selected(document))
        self.asked.append(asked)
        result = execute_sync(
            self._schema,
            document,
            root_value=self,
            context_value=asked,
            variable_values=variables,
            operation_name=sent.get("operationName"),
        )
        return JSONResponse(result.formatted)

    async def _tell_asked(self, request: Request) -> Response:
        if not is_admin(request, self.admin_token):
            return _refusal("admin token expected", "UNAUTHENTICATED", 401)
        if request.method == "DELETE":
            self.asked.clear()
        told = [
            {"query": one.query, "variables": one.variables, "fields": list(one.fields), "codes": one.codes}
            for one in self.asked
        ]
        return JSONResponse({"queries": told})

    def _selected(self, document: DocumentNode) -> tuple[str, ...]:
        types = TypeInfo(self._schema)
        collector = _Coordinates(types)
        visit(document, TypeInfoVisitor(types, collector))
        return tuple(sorted(collector.found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A row as a GraphQL object: fields are its values."""

    row: WorldRow
    platform: GroupPlatform

    def value(self, name: str) -> "Json | list[Node]":
        """Give the value of the GraphQL field *name*."""
        match name:
            case "id":
                return self.row.row_id
            case "updatedAt":
                return self.row.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            case "sanctions":
                return self.platform.records("SupplierSanction", self.row.code)
            case "performance":
                return self.platform.records("Performance", self.row.code)
            case _:
                return self.row.values.get(name)


class _Coordinates(Visitor):
    """Collects the schema coordinates a document selects."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Note the field that is entered."""
        parent = self._types.get_parent_type()
        if parent is not None and not node.name.value.startswith("__"):
            self.found.add(f"{get_named_type(parent).name}.{node.name.value}")


def _schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    for name, resolve in (("now", _now), ("suppliers", _suppliers)):
        schema.query_type.fields[name].resolve = resolve  # type: ignore[union-attr]  # the SDL above has a Query
    for kind in ("Supplier", "Sanction", "Performance"):
        for one in schema.type_map[kind].fields.values():  # type: ignore[attr-defined]  # object types of the SDL
            one.resolve = _value
    return schema


def _now(platform: GroupPlatform, _info: GraphQLResolveInfo[Asked]) -> str:
    return platform.now()


def _suppliers(platform: GroupPlatform, info: GraphQLResolveInfo[Asked], codes: list[str]) -> dict[str, object]:
    if len(codes) > MAX_CODES:
        raise GraphQLError(f"codes: at most {MAX_CODES}, got {len(codes)}", extensions={"code": "BAD_USER_INPUT"})
    info.context.codes.extend(codes)
    return {"asOf": platform.now(), "items": platform.suppliers(codes)}


def _value(node: Node, info: GraphQLResolveInfo[Asked]) -> "Json | list[Node]":
    return node.value(info.field_name)


def _refusal(message: str, code: str, status: int) -> Response:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code}}]}, status_code=status)
