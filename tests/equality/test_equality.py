"""Two executors, one truth: the compiled one answers random documents in random worlds as the reference does."""

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
)

from tests.equality.runs import DifferentError, Tally, places_of, run
from tests.equality.shrink import explained
from tests.support.worlds import Ground

SHARDS = 16
DOCUMENTS = 20_000
LEAST = 5
"""How often every field, argument and input field must have been asked for in each shard."""
HANDED_OVER_MOST = 0.12


def coordinates_of(schema: GraphQLSchema) -> set[str]:
    """Every coordinate of the exchange's own part of *schema*: fields, arguments, input fields."""
    found: set[str] = set()
    for kind in schema.type_map.values():
        if is_introspection_type(kind):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                found.add(f"{kind.name}.{name}")
                found |= {f"{kind.name}.{name}({argument}:)" for argument in field.args}
        elif isinstance(kind, GraphQLInputObjectType):
            found |= {f"{kind.name}.{name}" for name in kind.fields}
    return found


def missed(tally: Tally, schema: GraphQLSchema) -> dict[str, int]:
    return {name: tally.selected[name] for name in sorted(coordinates_of(schema)) if tally.selected[name] < LEAST}


class TestExecutors:
    @pytest.mark.parametrize("shard", range(SHARDS))
    def test_they_answer_alike(self, ground: Ground, shard: int) -> None:
        """
        Whoever asks whatever of whichever records gets the same bytes, the same errors and the same entry in the log
        from either executor; and no run is blind: every field and argument of the schema was asked for.
        """
        each = DOCUMENTS // SHARDS
        try:
            tally = run(ground, shard * places_of(each), each)
        except DifferentError as found:
            pytest.fail(explained(found.difference))
        print(tally)  # noqa: T201  shown with -rP or -s

        assert {} == missed(tally, ground.exchange.schema)
        assert sum(tally.handed_over.values()) < HANDED_OVER_MOST * tally.questions, tally.handed_over
        assert {"UNAUTHORIZED_FIELD_OR_TYPE", "BAD_USER_INPUT", "answered"} <= set(tally.met)
        assert all(any(how == wanted for how, _ in tally.shown) for wanted in ("served", "masked", "denied"))
