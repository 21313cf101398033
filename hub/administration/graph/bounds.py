"""
What one document may ask of the officers' desk, told before anything is run.

Rules:
    - One document, one act: a mutation has one root field. So nothing done by a document can be undone, approved or
      built upon by the same document, and every act has an answer and a journal entry of its own.
    - A query reads from few places at once, and what it may return is bounded: every list is taken as full.
    - The walk is linear in the document: a fragment is counted once, however often it is spread.
"""

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_list_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.type import GraphQLOutputType, GraphQLUnionType, get_nullable_type

from hub.administration.model import PAGE_MAX
from hub.errors import BadInputError, TooExpensiveError
from hub.road.documents import Prepared

ROOTS_MAX = 10
"""Most root fields of a query, aliases counted."""
DEPTH_MAX = 12
"""Deepest nesting of fields below the root; introspection has a bound of its own in the rules of validation."""
NODES_MAX = 20_000
"""Most fields an answer may be predicted to hold."""
_LISTED = 10
_INTROSPECTION = frozenset({"__schema", "__type", "__typename"})

_Parent = GraphQLObjectType | GraphQLInterfaceType


def check(schema: GraphQLSchema, prepared: Prepared) -> None:
    """
    Check that the *prepared* operation asks for no more than one document may.

    Raises:
        BadInputError: rule `request.one_act` or `request.roots`.
        TooExpensiveError: rule `request.depth` or `request.nodes`; tells the limit.
    """
    operation = prepared.operation
    walk = _Walk(schema, prepared.document, prepared.variables)
    roots = walk.roots(operation.selection_set, set())
    if operation.operation is OperationType.MUTATION and roots != 1:
        raise BadInputError(
            f"A mutation does one act: expected one root field, got {roots}", extensions={"rule": "request.one_act"}
        )
    if roots > ROOTS_MAX:
        raise BadInputError(
            f"Expected at most {ROOTS_MAX} root fields, got {roots}", extensions={"rule": "request.roots"}
        )
    root = schema.get_root_type(operation.operation)
    if root is None:  # validation has refused the document before
        raise BadInputError("No such operation is served")
    nodes, depth = walk.measure(operation.selection_set, root)
    if depth > DEPTH_MAX:
        raise TooExpensiveError(
            f"The document is nested {depth} fields deep; at most {DEPTH_MAX} are answered",
            extensions={"rule": "request.depth", "depthMax": DEPTH_MAX},
        )
    if nodes > NODES_MAX:
        raise TooExpensiveError(
            f"The answer could hold {nodes} fields; at most {NODES_MAX} are answered: ask for smaller pages",
            extensions={"rule": "request.nodes", "nodesMax": NODES_MAX},
        )


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: VariableValues) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, tuple[int, int]] = {}

    def roots(self, selections: SelectionSetNode, spread: set[str]) -> int:
        """Count root fields, through fragments; one that is spread again adds no response key."""
        found = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found += 1
            elif isinstance(node, InlineFragmentNode):
                found += self.roots(node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                found += self.roots(self._fragments[node.name.value].selection_set, spread)
        return found

    def measure(self, selections: SelectionSetNode, parent: _Parent) -> tuple[int, int]:
        """Count the fields below *parent* if every list is full, and the levels."""
        nodes, depth = 0, 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                more, deep = self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                narrowed = parent if condition is None else self._schema.type_map[condition.name.value]
                more, deep = self._below(node.selection_set, narrowed)
            elif isinstance(node, FragmentSpreadNode):
                more, deep = self._fragment(node.name.value)
            nodes += more
            depth = max(depth, deep)
        return nodes, depth

    def _fragment(self, name: str) -> tuple[int, int]:
        measured = self._measured.get(name)
        if measured is None:
            node = self._fragments[name]
            measured = self._below(node.selection_set, self._schema.type_map[node.type_condition.name.value])
            self._measured[name] = measured
        return measured

    def _field(self, node: FieldNode, parent: _Parent) -> tuple[int, int]:
        name = node.name.value
        if name in _INTROSPECTION or node.selection_set is None:
            return 1, 1
        definition = parent.fields[name]
        below, deep = self._below(node.selection_set, get_named_type(definition.type))
        if "first" in definition.args:
            first = get_argument_values(definition, node, self._variables).get("first")
            times = min(max(first, 0), PAGE_MAX) if isinstance(first, int) else PAGE_MAX
        elif _is_list(definition.type) and name not in {"nodes", "edges"}:
            times = _LISTED
        else:
            times = 1
        return 1 + below * times, 1 + deep

    def _below(self, selections: SelectionSetNode, kind: object) -> tuple[int, int]:
        if isinstance(kind, _Parent):
            return self.measure(selections, kind)
        if isinstance(kind, GraphQLUnionType):
            # Only __typename and fragments stand directly below a union.
            return self.measure(selections, kind.types[0])
        raise GraphQLError("A field without fields has a selection.")


def _is_list(kind: GraphQLOutputType) -> bool:
    return is_list_type(get_nullable_type(kind))
