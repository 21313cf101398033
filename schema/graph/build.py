"""Assemble the schema, in its two SDL profiles, and print what partners read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLSchema
from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig

from schema.catalogue.model import FieldSpec, Record
from schema.graph.root import query_type
from schema.graph.scalars import SCALARS
from schema.graph.subject import subject_type
from schema.graph.types import record_types
from schema.graph.views import resolve

FEDERATION_VERSION: Final = "2.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """
    The schema as the road uses it.

    Attributes:
        schema: Executable schema.
        specs: Coordinate -> catalogue field.
        plain_sdl: Subgraph SDL without security directives (`@apollo/gateway` refuses a supergraph with them).
        secured_sdl: The same with `@authenticated` and `@policy`.
    """

    schema: GraphQLSchema
    specs: Mapping[str, FieldSpec]
    plain_sdl: str
    secured_sdl: str


def build_exchange(kinds: Mapping[str, type[Record]]) -> Exchange:
    """Build the exchange's schema over the record *kinds* of a catalogue."""
    plain, specs = _schema(kinds, secured=False)
    secured, _ = _schema(kinds, secured=True)
    return Exchange(
        schema=plain._schema,  # noqa: SLF001  Strawberry offers no public way to the graphql-core schema
        specs=specs,
        plain_sdl=_subgraph_sdl(plain),
        secured_sdl=_subgraph_sdl(secured),
    )


def _schema(kinds: Mapping[str, type[Record]], *, secured: bool) -> tuple[Schema, Mapping[str, FieldSpec]]:
    generated = record_types(kinds, secured=secured)
    schema = Schema(
        query=query_type(subject_type(generated)),
        types=list(generated.objects.values()),
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(
            default_resolver=resolve,
            scalar_map=SCALARS,
            disable_field_suggestions=True,
        ),
    )
    return schema, generated.specs


def _subgraph_sdl(schema: Schema) -> str:
    text = schema.as_str()
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
