"""
Predict what a question will cost before anything is fetched for it.

Rules:
    - The walk is linear in the document (`schema.plan.pricing`). Numbers are exact, however large.
    - What is predicted is what is expected of a usual subject, not the worst case; `first` and `kinds` bound it.
    - Adding a selection never makes a question cheaper.

What depends on the root fields' arguments alone (how many subjects) is left open in a `Quote`, so that it can be kept
beside a plan and asked again for other subjects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_argument_values

from schema.plan.pricing import SEARCH, RootQuote, price
from schema.plan.sizes import Profile

ROWS_MAX = 100_000
"""Most objects one answer may hold, unless its asker has a limit of its own."""
BYTES_MAX = 20_000_000
"""Most bytes of `data`, likewise."""
COMPARISONS_MAX = 100_000
"""Most times a record is held against a condition, or sorted, in one question."""

_SUBJECT_ROOTS: Mapping[str, str] = {"subjects": "codes", "_entities": "representations"}
_SINGLE_ROOTS = frozenset({"subject", "node"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    What one question is expected to cost.

    Attributes:
        rows: Objects in the answer: subjects, records, edges, nested items.
        bytes: Bytes of `data`.
        subjects: Mentions of subjects; the same one under two aliases is two.
        comparisons: Records held against a condition or sorted.
    """

    rows: int
    bytes: int
    subjects: int
    comparisons: int


class CostError(Exception):
    """
    A question is predicted to cost more than it may.

    Attributes:
        estimate: What was predicted.
        limits: What was allowed: `rowsMax`, `bytesMax`, `comparisonsMax`.
        exceeded: The first part above its limit: `rows`, `bytes` or `comparisons`.
    """

    def __init__(self, estimate: Estimate, limits: Mapping[str, int], exceeded: str) -> None:
        super().__init__(f"{exceeded}: more than {limits[exceeded + 'Max']} are predicted")
        self.estimate = estimate
        self.limits = limits
        self.exceeded = exceeded


def check(estimate: Estimate, rows_max: int, bytes_max: int, comparisons_max: int = COMPARISONS_MAX) -> None:
    """
    Check that *estimate* is within its limits.

    Raises:
        CostError: it is not.
    """
    limits = {"rowsMax": rows_max, "bytesMax": bytes_max, "comparisonsMax": comparisons_max}
    for part in ("rows", "bytes", "comparisons"):
        if getattr(estimate, part) > limits[part + "Max"]:
            raise CostError(estimate, limits, part)


def estimate(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    profile: Profile,
) -> Estimate:
    """
    Predict the cost of *operation* of the valid *document*, a query.

    Args:
        schema: The schema it was validated against.
        document: The whole document, for its fragments.
        operation: The operation to run.
        variables: Coerced variable values.
        profile: What is usually on file.

    Raises:
        GraphQLError: an argument or directive got null where it takes none, by a variable.
    """
    quote = quote_of(schema, document, operation, variables, profile)
    return quote.estimate(
        {root.key: get_argument_values(root.definition, root.node, variables) for root in quote.roots},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """
    The cost of an operation with the number of subjects left open.

    Attributes:
        roots: Root fields.
        depends: Variables its parts below the root were read from; with other values of these, ask for another quote.
        steps: Selections looked at.
        page_max: Most subjects a search returns.
    """

    roots: tuple[RootQuote, ...]
    depends: frozenset[str]
    steps: int
    page_max: int

    def estimate(self, arguments: Mapping[str, Mapping[str, object]]) -> Estimate:
        """Predict the cost under the root fields' coerced *arguments* (response key -> arguments)."""
        # Summed by hand: this is asked for every question, the rest of the walk once per document.
        rows, size, subjects, comparisons = 0, 2, 0, 0
        for root in self.roots:
            items, named = self._items(root.name, arguments.get(root.key, {}))
            fixed, item = root.fixed, root.item
            rows += fixed.rows + item.rows * items
            size += fixed.bytes + item.bytes * items
            comparisons += fixed.comparisons + item.comparisons * items
            subjects += named
        return Estimate(rows=rows, bytes=size, subjects=subjects, comparisons=comparisons)

    def _items(self, name: str, arguments: Mapping[str, object]) -> tuple[int, int]:
        if name in _SUBJECT_ROOTS:
            values = arguments.get(_SUBJECT_ROOTS[name])
            listed = len(values) if isinstance(values, Sequence) else 0
            return listed, listed
        if name == SEARCH:
            first = arguments.get("first")
            found = min(max(first, 0), self.page_max) if isinstance(first, int) else 0
            return found, found
        return 1, int(name in _SINGLE_ROOTS)


def quote_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    profile: Profile,
) -> Quote:
    """Make the quote of *operation*; arguments and errors are those of `estimate`."""
    priced = price(schema, document, operation, variables, profile)
    return Quote(roots=priced.roots, depends=priced.depends, steps=priced.steps, page_max=profile.page_max)
