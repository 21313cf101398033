"""Arguments of a field: what is constant is read once, with the plan; what depends on variables, per question."""

from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values

NO_VARIABLES = VariableValues(sources={}, coerced={})


class Arguments:
    """The arguments of one field node."""

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        self._definition = definition
        self._node = node
        self._constant: Mapping[str, object] | None = None
        if not any(_has_variable(argument.value) for argument in node.arguments or ()):
            self._constant = get_argument_values(definition, node, NO_VARIABLES)

    @property
    def is_constant(self) -> bool:
        """Whether no argument names a variable."""
        return self._constant is not None

    def values(self, variables: VariableValues) -> Mapping[str, object]:
        """
        Coerce the arguments under *variables*, by GraphQL name; the same object every time if they are constant.

        Raises:
            GraphQLError: a variable is null where its argument takes none.
        """
        if self._constant is not None:
            return self._constant
        return get_argument_values(self._definition, self._node, variables)


def _has_variable(node: ValueNode) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(map(_has_variable, values))
        case ObjectValueNode(fields=fields):
            return any(_has_variable(field.value) for field in fields)
    return False


def switches_of(document: DocumentNode) -> tuple[str, ...]:
    """List the variables that @skip and @include of *document* name: with their values the selections are fixed."""
    names: dict[str, None] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            for directive in _directives(definition.selection_set.selections):
                for argument in directive.arguments or ():
                    if isinstance(argument.value, VariableNode):
                        names[argument.value.name.value] = None
    return tuple(names)


_SWITCHES = frozenset({GraphQLSkipDirective.name, GraphQLIncludeDirective.name})


def _directives(selections: Sequence[SelectionNode]) -> Iterator[DirectiveNode]:
    for node in selections:
        for directive in node.directives or ():
            if directive.name.value in _SWITCHES:
                yield directive
        inner = getattr(node, "selection_set", None)
        if inner is not None:
            yield from _directives(inner.selections)
