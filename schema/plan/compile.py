"""
Step 4 of the road: compile a valid document against a standing.

One linear walk: each (type, selection set) and each (type, fragment) is entered once, so the walk is bounded by the
document's size whatever its fragments do.

Rules:
    - Every field of a guarded type is either catalogued or declared open; anything else stops the plan.
    - A filter or sort is a read: naming a coordinate that no row would show whole refuses the operation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_directive_values

from schema.plan.arguments import NO_VARIABLES, Arguments
from schema.plan.decider import Decider
from schema.plan.errors import DeniedReferenceError, UnknownCoordinateError
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.model import Plan, RootCall, Use
from schema.policy.model import Clear, Denied

CONDITIONS_MAX = 50
"""Most conditions on fields one filter may have: each is held against every record."""
OPEN_FIELDS: Mapping[str, frozenset[str]] = {
    SUBJECT_KIND: frozenset({"id", "code", "records", "holdings", "__typename"}),
    "*": frozenset(
        {
            "id",
            "kind",
            "subjectCode",
            "publicityState",
            "severity",
            "severityBasis",
            "day",
            "publicityFrom",
            "publicityTo",
            "repairableFrom",
            "objected",
            "category",
            "provenance",
            "__typename",
        },
    ),
}
"""Fields of guarded types that hold no catalogued value. `*`: every record kind; they are shown when the row is."""


def compile_plan(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    decider: Decider,
) -> Plan:
    """
    Compile *operation* of the valid *document* and bind it to *variables*: `blueprint_of`, then `Blueprint.bind`.

    Args:
        schema: The schema it was validated against.
        document: The whole document, for its fragments.
        operation: The operation to run.
        variables: Coerced variable values.
        decider: Decisions of the asker's standing.

    Raises:
        DeniedReferenceError: an argument names a coordinate that may not be read whole.
        UnknownCoordinateError: the schema serves an uncatalogued field of a guarded type.
        GraphQLError: an argument or directive got null where it takes none, by a variable.
    """
    return blueprint_of(schema, document, operation, variables, decider).bind(variables)


def blueprint_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    decider: Decider,
) -> "Blueprint":
    """
    Compile what depends on the document, the standing and the values of @skip/@include variables only.

    Raises:
        UnknownCoordinateError: the schema serves an uncatalogued field of a guarded type.
        GraphQLError: a directive got null by a variable.
    """
    return _Walk(schema, document, variables, decider).run(operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    kinds: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """
    A document compiled against a standing, before its variables are known. May be kept and shared.

    Attributes:
        uses: Guarded coordinates in document order, each once.
        denied: The statically denied of them, with their decisions.
        roots: (name, response key, arguments) of the root fields.
        lists: (response path, arguments) of the `records` selections.
        kinds: Record kinds that are read whatever the variables are.
        is_guarded: Whether the document touches a subject at all.
        decider: Decisions of the standing.
        constant: What is read, if no variable changes that and `settled` worked it out.
        memo: Of its plans.
    """

    uses: tuple[Use, ...]
    denied: tuple[tuple[Use, Denied], ...]
    roots: tuple[tuple[str, str, Arguments], ...]
    lists: tuple[tuple[tuple[str, ...], Arguments], ...]
    kinds: frozenset[str]
    is_guarded: bool
    decider: Decider
    constant: _Reading | None = None
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def bind(self, variables: VariableValues) -> Plan:
        """
        Complete the plan for *variables*.

        Raises:
            DeniedReferenceError: an argument names a coordinate that may not be read whole.
            GraphQLError: an argument got null where it takes none, by a variable.
        """
        reading = self.constant or self._reading(variables)
        return Plan(
            uses=self.uses,
            denied=self.denied,
            memo=self.memo,
            roots=tuple(
                RootCall(name=name, key=key, arguments=arguments.values(variables))
                for name, key, arguments in self.roots
            ),
            kinds=reading.kinds,
            lists=len(self.lists),
            fields=reading.fields,
            is_guarded=self.is_guarded,
        )

    def settled(self) -> "Blueprint":
        """Work out ahead what no variable changes: for a blueprint that is kept. A refusal is left to `bind`."""
        if not all(arguments.is_constant for _, arguments in self.lists):
            return self
        try:
            return replace(self, constant=self._reading(NO_VARIABLES))
        except (DeniedReferenceError, GraphQLError):
            return self

    def _reading(self, variables: VariableValues) -> _Reading:
        kinds = set(self.kinds)
        referred: set[str] = set()
        checked: dict[int, object] = {}
        for path, arguments in self.lists:
            values = arguments.values(variables)
            asked = values.get("kinds")
            kinds |= {_value(kind) for kind in asked} if isinstance(asked, list) else self.decider.table.record_kinds
            named = ordered_coordinates(values)
            where = values.get("where")
            if id(where) not in checked:
                # One variable may filter many lists. It is held in `checked`, so no other filter gets its identity.
                checked[id(where)] = where
                named = [*filtered_coordinates(where), *named]
            for coordinate in named:
                self._check(coordinate, path)
                referred.add(coordinate)
        listable = frozenset(kind for kind in kinds if self.decider.is_countable(kind))
        return _Reading(kinds=listable, fields=self._fields(listable, referred))

    def _check(self, coordinate: str, path: tuple[str, ...]) -> None:
        decision = self.decider.static(coordinate)
        if not isinstance(decision, Clear):
            raise DeniedReferenceError(coordinate, decision.rule, path)

    def _fields(self, kinds: frozenset[str], referred: set[str]) -> Mapping[str, tuple[str, ...]]:
        granted = [use.coordinate for use in self.uses if not isinstance(use.decision, Denied)]
        fields: dict[str, list[str]] = {}
        for coordinate in dict.fromkeys((*granted, *sorted(referred))):
            entry = self.decider.table.by_coordinate[coordinate]
            fields.setdefault(entry.kind, []).append(entry.name)
        return {kind: tuple(names) for kind, names in fields.items() if kind in kinds}


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: VariableValues,
        decider: Decider,
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._decider = decider
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._entered: set[tuple[str, int]] = set()
        self._uses: dict[str, Use] = {}
        self._kinds: set[str] = set()
        self._lists: list[tuple[tuple[str, ...], Arguments]] = []
        self._roots: dict[str, tuple[str, str, Arguments]] = {}
        self._is_guarded = False

    def run(self, operation: OperationDefinitionNode) -> Blueprint:
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise UnknownCoordinateError(f"no root type for {operation.operation.value}")
        self._enter(root, operation.selection_set, ())
        uses = tuple(self._uses.values())
        return Blueprint(
            uses=uses,
            denied=tuple((use, use.decision) for use in uses if isinstance(use.decision, Denied)),
            roots=tuple(self._roots.values()),
            lists=tuple(self._lists),
            kinds=frozenset(self._kinds),
            is_guarded=self._is_guarded,
            decider=self._decider,
        )

    def _enter(self, parent: GraphQLCompositeType, selections: SelectionSetNode, path: tuple[str, ...]) -> None:
        if (parent.name, id(selections)) in self._entered:
            return
        self._entered.add((parent.name, id(selections)))
        for owner, node in self._fields(parent, selections):
            self._field(owner, node, path)

    def _fields(
        self,
        parent: GraphQLCompositeType,
        selections: SelectionSetNode,
    ) -> Iterator[tuple[GraphQLCompositeType, FieldNode]]:
        """Yield the fields of *selections* with the type each stands on, through fragments, each fragment once."""
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield parent, node
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                condition, inner = fragment.type_condition.name.value, fragment.selection_set
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else parent.name
                inner = node.selection_set
            else:  # pragma: no cover  graphql-core has no fourth selection
                continue
            owner = self._schema.type_map[condition]
            if is_composite_type(owner) and (owner.name, id(inner)) not in self._entered:
                self._entered.add((owner.name, id(inner)))
                yield from self._fields(owner, inner)

    def _is_included(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode | object) -> bool:
        if not isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode) or not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (include and include["if"] is False)

    def _field(self, parent: GraphQLCompositeType, node: FieldNode, path: tuple[str, ...]) -> None:
        name = node.name.value
        if name.startswith("__"):
            return
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return
        definition = parent.fields[name]
        here = (*path, node.alias.value if node.alias else name)
        if parent is self._schema.query_type:
            self._root(name, here[0], definition, node)
        if parent.name in self._decider.table.kinds:
            self._guarded(parent.name, name, here)
        if name == "records" and parent.name == SUBJECT_KIND:
            self._lists.append((here, Arguments(definition, node)))
        if name == "holdings" and parent.name == SUBJECT_KIND:
            self._kinds |= self._decider.table.record_kinds
        target = get_named_type(definition.type)
        if node.selection_set and is_composite_type(target):
            self._enter(target, node.selection_set, here + _list_marks(definition))

    def _root(self, name: str, key: str, definition: GraphQLField, node: FieldNode) -> None:
        if key not in self._roots:
            self._roots[key] = (name, key, Arguments(definition, node))
        target = get_named_type(definition.type)
        if target.name in (SUBJECT_KIND, "Node", "_Entity", "SubjectSearchConnection"):
            self._is_guarded = True
        if target.name == "Node":
            self._kinds |= self._decider.table.record_kinds

    def _guarded(self, kind: str, name: str, path: tuple[str, ...]) -> None:
        coordinate = f"{kind}.{name}"
        if coordinate in self._uses:
            return
        if coordinate in self._decider.table.by_coordinate:
            self._uses[coordinate] = Use(
                coordinate=coordinate,
                path=path,
                decision=self._decider.static(coordinate),
            )
            if coordinate == f"{SUBJECT_KIND}.registration":
                self._kinds.add("Registration")
        elif name not in OPEN_FIELDS.get(kind, OPEN_FIELDS["*"]):
            raise UnknownCoordinateError(coordinate)


def filtered_coordinates(where: object) -> list[str]:
    """
    List the coordinates that the filter *where* of `records` names, in order.

    Raises:
        GraphQLError: it has more than `CONDITIONS_MAX` conditions.
    """
    matches = where.get("fields") if isinstance(where, dict) else None
    if not isinstance(matches, list):
        return []
    if len(matches) > CONDITIONS_MAX:
        raise GraphQLError(
            f"where: expected at most {CONDITIONS_MAX} conditions, got {len(matches)}.",
            extensions={"code": "BAD_USER_INPUT", "argument": "where"},
        )
    return [_value(match["field"]) for match in matches]


def ordered_coordinates(arguments: Mapping[str, object]) -> list[str]:
    """List the coordinates that the sort argument of `records` names."""
    order = arguments.get("orderBy")
    return [_value(order["field"])] if isinstance(order, dict) and order.get("field") is not None else []


def _value(member: object) -> str:
    return str(getattr(member, "value", member))


def _list_marks(definition: GraphQLField) -> tuple[str, ...]:
    marks: list[str] = []
    wrapped = definition.type
    while is_non_null_type(wrapped) or is_list_type(wrapped):
        if is_list_type(wrapped):
            marks.append("@")
        wrapped = wrapped.of_type
    return tuple(marks)
