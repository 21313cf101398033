"""Assemble the two schemas of administration, and print what officers and partners read of them."""

import re
from dataclasses import dataclass

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from hub.administration.graph.acts import OfficersActs
from hub.administration.graph.consent import ConsentActs, ConsentQuery
from hub.administration.graph.query import OfficersQuery
from hub.administration.graph.words import SCALARS_HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """
    A schema and its text.

    Attributes:
        schema: Executable schema.
        sdl: As committed under `schema/`.
    """

    schema: GraphQLSchema
    sdl: str


def build_administration() -> Contract:
    """Build the officers' schema."""
    return _contract(OfficersQuery, OfficersActs)


def build_consent() -> Contract:
    """Build the consent schema."""
    return _contract(ConsentQuery, ConsentActs)


def _contract(query: type, mutation: type) -> Contract:
    schema = strawberry.Schema(
        query=query,
        mutation=mutation,
        config=StrawberryConfig(scalar_map=SCALARS_HERE, disable_field_suggestions=True),
    )
    text = re.sub(r"\n{3,}", "\n\n", schema.as_str()).strip() + "\n"
    return Contract(schema=schema._schema, sdl=text)  # noqa: SLF001  Strawberry offers no public way to it
