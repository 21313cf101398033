"""
The plain Python peer: Strawberry on Starlette and uvicorn, a permission class on every field, both caches on.

    python -m bench.servers.strawberry_peer SUBJECTS.json

The types are those of the question, with every catalogued field of their kind; the subjects are objects in memory.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import strawberry
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.permission import BasePermission

from bench.servers.static import serve
from schema.catalogue import KINDS
from schema.catalogue.model import FieldType, fields_of


class MayRead(BasePermission):
    """Stands on every field, and lets everybody in."""

    message = "not yours to read"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:  # noqa: ARG002  Strawberry's signature
        return True


def guarded() -> Any:
    """A field under the permission class."""
    return strawberry.field(permission_classes=[MayRead], default=None)


_TYPES: Mapping[FieldType, Any] = {FieldType.TEXTS: list[str] | None, FieldType.BOOLEAN: bool | None}


@strawberry.interface
class CreditRecord:
    id: strawberry.ID | None = guarded()
    kind: str | None = guarded()
    category: str | None = guarded()
    subject_code: strawberry.ID | None = guarded()
    publicity_state: str | None = guarded()
    severity: str | None = guarded()
    severity_basis: str | None = guarded()
    day: str | None = guarded()
    publicity_from: str | None = guarded()
    publicity_to: str | None = guarded()
    repairable_from: str | None = guarded()
    objected: bool | None = guarded()


def kind_type(name: str) -> type:
    """The type of a record kind."""
    specs = fields_of(KINDS[name])
    annotations = {spec.name: _TYPES.get(spec.field.type, str | None) for spec in specs}
    namespace = {"__annotations__": annotations, "__module__": __name__, **{spec.name: guarded() for spec in specs}}
    return strawberry.type(type(name, (CreditRecord,), namespace), name=name)


TYPES = {name: kind_type(name) for name in KINDS}
Registration: Any = TYPES["Registration"]


@strawberry.type
class CreditRecordConnection:
    total_count: int | None = guarded()
    nodes: list[CreditRecord] = guarded()


@strawberry.type
class CreditSubject:
    code: strawberry.ID | None = guarded()
    name: str | None = guarded()
    status: str | None = guarded()
    region: str | None = guarded()
    sector: str | None = guarded()
    registration: Registration | None = guarded()
    kept: strawberry.Private[Any] = None

    @strawberry.field(permission_classes=[MayRead])
    def records(self, first: int = 20) -> CreditRecordConnection:  # noqa: ARG002  the peer pages nothing
        return self.kept


SUBJECTS: dict[str, CreditSubject] = {}


@strawberry.type
class Query:
    @strawberry.field(permission_classes=[MayRead])
    def subject(self, code: strawberry.ID) -> CreditSubject | None:
        return SUBJECTS.get(code)


class FastGraphQL(GraphQL):
    """Strawberry's own ASGI application, with a fast JSON encoder in the place its documentation names for one."""

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


def load(path: Path) -> None:
    """Make the subjects."""
    for code, told in json.loads(path.read_text()).items():
        records = told["records"]
        SUBJECTS[code] = CreditSubject(
            **{name: told[name] for name in ("code", "name", "status", "region", "sector")},
            registration=made("Registration", told["registration"]),
            kept=CreditRecordConnection(
                total_count=records["totalCount"], nodes=[made(each["kind"], each) for each in records["nodes"]]
            ),
        )


def made(kind: str, told: Mapping[str, Any]) -> Any:
    """An object of *kind*."""
    return TYPES[kind](**{snake(name): value for name, value in told.items() if name != "__typename"})


def snake(name: str) -> str:
    """`documentNo` -> `document_no`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def main() -> None:
    """Serve."""
    load(Path(sys.argv[1]))
    schema = strawberry.Schema(
        Query, types=list(TYPES.values()), extensions=[ParserCache(maxsize=1_000), ValidationCache(maxsize=1_000)]
    )
    app = Starlette()
    app.mount("/graphql", FastGraphQL(schema, graphql_ide=None))
    serve(app)


if __name__ == "__main__":
    main()
