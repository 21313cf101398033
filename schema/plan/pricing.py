"""
The walk that prices a document: what each root field costs, the number of subjects left open.

Rules:
    - Each selection set is entered once per type it stands on, and the cost of what was entered is kept: a fragment
      that doubles a thousand times costs a thousand steps.
    - Fields under one response key are one field, as in the answer. Only in fragments that are spread at several
      places they are counted again: the price of the walk being linear.
    - An abstract type costs what its dearest member does; records are weighted by how many of each kind are expected.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from schema.plan.guarded import SUBJECT_KIND
from schema.plan.sizes import KEY_BYTES, NOTHING, OBJECT, Profile, Size, larger, leaf_bytes, thousandths

SEARCH = "searchSubjects"
_CONNECTIONS: Mapping[str, str] = {"CreditRecordConnection": "CreditRecord", "SubjectSearchConnection": SUBJECT_KIND}
_EDGES = frozenset({"CreditRecordEdge", "SubjectSearchEdge"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """
    What a document costs.

    Attributes:
        roots: Root fields.
        depends: Variables that anything below the root was read from.
        steps: Selections looked at.
    """

    roots: tuple["RootQuote", ...]
    depends: frozenset[str]
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootQuote:
    """
    One root field.

    Attributes:
        key, name: Response key and field.
        fixed: Its size without its items.
        item: Size of one item; a field that is no list has one.
        node, definition: Where its arguments are.
    """

    key: str
    name: str
    fixed: Size
    item: Size
    node: FieldNode
    definition: GraphQLField


def price(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    profile: Profile,
) -> Priced:
    """Price *operation*, a query, of the valid *document*; see `schema.plan.cost.estimate`."""
    return _Walk(schema, document, variables, profile).run(operation)


@dataclass(frozen=True, slots=True)
class _Cost:
    """
    The contents of an object: what is certain, and what there is once per item of the connection it belongs to.

    `items` is kept by the item's type until the connection's arguments tell how many of each there are.
    """

    fixed: Size = NOTHING
    items: Mapping[str, Size] = field(default_factory=dict)

    def __add__(self, other: "_Cost") -> "_Cost":
        return _sum((self, other))


class _Walk:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: VariableValues, profile: Profile
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._profile = profile
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._spread_once = _spread_once(document)
        self._known: dict[tuple[str, tuple[int, ...]], _Cost] = {}
        self._filters: dict[int, tuple[list[object], list[frozenset[str]]]] = {}
        self._depends: set[str] = set()
        self._steps = 0

    def run(self, operation: OperationDefinitionNode) -> Priced:
        query = self._schema.get_root_type(operation.operation)
        if query is None:
            raise LookupError(f"no root type for {operation.operation.value}")
        # Nothing leads back to the root, so its fragments may be spread out here: once each.
        groups, _ = self._fields(query, [operation.selection_set], spread_out=True)
        return Priced(
            roots=tuple(self._root(query, key, nodes) for key, nodes in groups.items()),
            depends=frozenset(self._depends),
            steps=self._steps,
        )

    def _root(self, query: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> RootQuote:
        name = nodes[0].name.value
        definition = self._definition(query, name)
        fixed, item = Size(bytes=len(key) + KEY_BYTES), NOTHING
        target = get_named_type(definition.type)
        sets = _sets(nodes)
        if not sets:
            fixed += Size(bytes=self._leaf(query.name, name, target))
        else:
            found = self._object(target, sets)
            item = (found.fixed * self._profile.items(f"{query.name}.{name}")).over(1000)
            if name == SEARCH:
                fixed, item = fixed + found.fixed, found.items.get(SUBJECT_KIND, NOTHING)
        return RootQuote(key=key, name=name, fixed=fixed, item=item, node=nodes[0], definition=definition)

    def _definition(self, parent: GraphQLObjectType, name: str) -> GraphQLField:
        found = self._schema.get_field(parent, name)
        if found is None:
            raise LookupError(f"{parent.name}.{name}: the document was not validated")
        return found

    def _object(self, target: GraphQLNamedType, sets: Sequence[SelectionSetNode]) -> _Cost:
        """Cost of one object of *target*; of an abstract type: of whichever is dearest."""
        if isinstance(target, GraphQLObjectType):
            return _Cost(OBJECT) + self._contents(target, sets)
        dearest = NOTHING
        for kind in self._kinds_of(target):
            dearest = larger(dearest, self._object(kind, sets).fixed)
        return _Cost(dearest)

    def _kinds_of(self, target: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        if isinstance(target, GraphQLInterfaceType | GraphQLUnionType):
            return self._schema.get_possible_types(target)
        return [target] if isinstance(target, GraphQLObjectType) else []

    def _contents(self, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> _Cost:
        """Cost of what *sets* select together on *parent*, without the object itself."""
        key = (parent.name, tuple(id(each) for each in sets))
        known = self._known.get(key)
        if known is None:
            groups, spreads = self._fields(parent, sets)
            costs = [self._field(parent, name, nodes) for name, nodes in groups.items()]
            costs += [self._contents(parent, [each.selection_set]) for each in spreads]
            known = self._known[key] = _sum(costs)
        return known

    def _fields(
        self, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode], *, spread_out: bool = False
    ) -> tuple[Mapping[str, list[FieldNode]], Sequence[FragmentDefinitionNode]]:
        """
        Collect the fields of *sets* by response key, and the named fragments that are costed by themselves.

        A fragment spread at one place of the document is as good as written there.
        """
        groups: dict[str, list[FieldNode]] = {}
        spreads: list[FragmentDefinitionNode] = []
        entered: set[str] = set()
        waiting = [node for each in reversed(sets) for node in reversed(each.selections)]
        while waiting:
            node = waiting.pop()
            self._steps += 1
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                groups.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._is_on(parent, node.type_condition.name.value):
                    waiting += reversed(node.selection_set.selections)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in entered:
                entered.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if not self._is_on(parent, fragment.type_condition.name.value):
                    continue
                if spread_out or node.name.value in self._spread_once:
                    waiting += reversed(fragment.selection_set.selections)
                else:
                    spreads.append(fragment)
        return groups, spreads

    def _is_on(self, parent: GraphQLObjectType, condition: str) -> bool:
        if parent.name == condition:
            return True
        wider = self._schema.type_map[condition]
        return is_abstract_type(wider) and self._schema.is_sub_type(wider, parent)

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        self._depends |= _variables_in([part.value for each in node.directives for part in each.arguments or ()])
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip and skip["if"] is True:
            # As the executor has it: what is skipped is not asked whether it is included, not even by a null.
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (include and include["if"] is False)

    def _field(self, parent: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> _Cost:
        name = nodes[0].name.value
        head = Size(bytes=len(key) + KEY_BYTES)
        definition = self._definition(parent, name)
        target = get_named_type(definition.type)
        sets = _sets(nodes)
        if not sets:
            return _Cost(head + Size(bytes=self._leaf(parent.name, name, target)))
        match (parent.name, name):
            case (_, "nodes") if parent.name in _CONNECTIONS:
                return _Cost(head, {kind.name: self._object(kind, sets).fixed for kind in self._kinds_of(target)})
            case (_, "edges") if parent.name in _CONNECTIONS:
                edge = self._object(target, sets)
                kinds = self._kinds_of(self._schema.type_map[_CONNECTIONS[parent.name]])
                return _Cost(head, {kind.name: edge.fixed + edge.items.get(kind.name, NOTHING) for kind in kinds})
            case (_, "node") if parent.name in _EDGES:
                return _Cost(head, {kind.name: self._object(kind, sets).fixed for kind in self._kinds_of(target)})
            case (parent_name, "records") if parent_name == SUBJECT_KIND:
                return _Cost(head + self._records(definition, nodes[0], self._object(target, sets)))
        each = self._object(target, sets).fixed
        return _Cost(head + (each * self._profile.items(f"{parent.name}.{name}")).over(1000))

    def _records(self, definition: GraphQLField, node: FieldNode, page: _Cost) -> Size:
        """Size of one `records` connection whose *page* is known but for its length."""
        self._depends |= _variables_in([part.value for part in node.arguments or ()])
        arguments = get_argument_values(definition, node, self._variables)
        kinds = self._kinds_of(self._schema.type_map[_CONNECTIONS["CreditRecordConnection"]])
        expected = {kind.name: thousandths(self._profile.records.get(kind.name, 1)) for kind in kinds}
        conditions, conditioned = self._conditions(arguments)
        # Every record of the subject is looked at; a list of none still reads its conditions.
        looked_at = Size(comparisons=(1 + conditions) * (1 + sum(expected.values()) // 1000))
        named = arguments.get("kinds")
        if isinstance(named, list):
            conditioned = [*conditioned, frozenset(_text(kind) for kind in named)]
        found = {kind: count for kind, count in expected.items() if all(kind in each for each in conditioned)}
        first = arguments.get("first")
        most = max(first, 0) * 1000 if isinstance(first, int) else 0
        listed = NOTHING
        for kind, count in found.items():
            listed += page.items.get(kind, NOTHING) * count
        total = sum(found.values())
        return page.fixed + looked_at + (listed.over(1000) if total <= most else (listed * most).over(1000 * total))

    def _conditions(self, arguments: Mapping[str, object]) -> tuple[int, Sequence[frozenset[str]]]:
        """How many conditions the filter of a `records` field sets, and the kinds that can meet all of them."""
        where = arguments.get("where")
        matches = where.get("fields") if isinstance(where, Mapping) else None
        if not isinstance(matches, list) or not matches:
            return 0, ()
        # One variable may filter many lists: it is read once.
        known = self._filters.get(id(matches))
        if known is None:
            kinds = {_text(match["field"]).partition(".")[0] for match in matches}
            # The list is kept with its kinds, so that no other list gets its identity.
            known = self._filters[id(matches)] = (matches, [frozenset({kind}) for kind in kinds])
        return len(matches), known[1]

    def _leaf(self, owner: str, name: str, leaf: GraphQLNamedType) -> int:
        if name == "__typename":
            return len(owner) + 2
        if (owner, name) == ("_Service", "sdl"):
            return self._profile.sdl_bytes
        return leaf_bytes(owner, name, leaf.name)


def _spread_once(document: DocumentNode) -> frozenset[str]:
    """Names of the fragments that are spread at one place only."""
    places: Counter[str] = Counter()
    waiting = [node.selection_set for node in document.definitions if isinstance(node, ExecutableDefinitionNode)]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                places[node.name.value] += 1
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                waiting.append(node.selection_set)
    return frozenset(name for name, count in places.items() if count == 1)


def _sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _sum(costs: Iterable[_Cost]) -> _Cost:
    fixed, items = NOTHING, dict[str, Size]()
    for cost in costs:
        fixed += cost.fixed
        for kind, size in cost.items.items():
            items[kind] = items.get(kind, NOTHING) + size
    return _Cost(fixed, items)


def _text(member: object) -> str:
    return str(getattr(member, "value", member))


def _variables_in(values: Iterable[Node]) -> set[str]:
    """The variables that *values* of arguments mention, at any depth."""
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            found.add(value.name.value)
        elif isinstance(value, ListValueNode):
            waiting += value.values
        elif isinstance(value, ObjectValueNode):
            waiting += [each.value for each in value.fields]
    return found
