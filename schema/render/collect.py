"""
Field collection and merging, for selections whose @skip and @include are already known.

Source: GraphQL specification (September 2025), 6.3.2 CollectFields and 6.3.3 CollectSubfields.
"""

from collections.abc import Iterable, Mapping, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_directive_values

Grouped = Mapping[str, Sequence[FieldNode]]
"""Response key -> the fields that answer it, in the order of their first mention."""


class Collector:
    """Collects the fields of one document under fixed values of its @skip and @include variables."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: VariableValues) -> None:
        self._schema = schema
        self._variables = variables
        self._document = document  # selections are told apart by identity, so they must live as long as we do
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def fields(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Grouped:
        """Collect what *sets*, merged, select of an object of type *parent*; a fragment counts once."""
        grouped: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selections in sets:
            self._collect(parent, selections, grouped, visited)
        return grouped

    def _collect(
        self,
        parent: GraphQLObjectType,
        selections: SelectionSetNode,
        grouped: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                grouped.setdefault(response_key(node), []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._fits(node.type_condition.name.value, parent):
                    self._collect(parent, node.selection_set, grouped, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:  # pragma: no branch
                visited.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._fits(fragment.type_condition.name.value, parent):
                    self._collect(parent, fragment.selection_set, grouped, visited)

    def _fits(self, condition: str, parent: GraphQLObjectType) -> bool:
        if condition == parent.name:
            return True
        wanted = self._schema.type_map[condition]
        return is_abstract_type(wanted) and self._schema.is_sub_type(wanted, parent)

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (include and include["if"] is False)


def response_key(node: FieldNode) -> str:
    """Return the key that *node* answers under."""
    return node.alias.value if node.alias else node.name.value


def selections_of(nodes: Iterable[FieldNode]) -> tuple[SelectionSetNode, ...]:
    """List the selection sets below merged fields."""
    return tuple(node.selection_set for node in nodes if node.selection_set is not None)
