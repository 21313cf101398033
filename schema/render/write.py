"""
Writes the Python of a plan: one function per selection and manner of showing, and one for the root.

Rules:
    - A decision becomes text: a field shown whole is read, a masked one is read through its mask, a denied one is
      `None` and is not read at all. Nothing is decided when the code runs.
    - Response keys and type names are GraphQL names, and stand in the text as string literals; no value of the
      document or of a variable ever does.
    - A function is written once per type and merged selection sets, so the text is bounded by the document.

Source: GraphQL specification (September 2025), 6.3 and 6.4.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, SelectionSetNode, get_named_type

from schema.catalogue.model import FieldSpec, FieldType, Mask
from schema.graph.views import as_of, received_at
from schema.plan.arguments import Arguments
from schema.plan.decider import DENY, Decider
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.judged import UNPROVED
from schema.policy.model import Denied
from schema.render import runtime
from schema.render.collect import Collector, selections_of
from schema.render.runtime import ONLY_WRITTEN, Emit, HandOverError, NotWrittenError, Site
from schema.render.words import OPEN_RECORD, PLAIN, ROOTS, SUBJECT

LINES_LEAST = 1_000
"""Lines of code that every plan may have; a longer document may have more, see `lines_max`."""

_NUMBERS = frozenset({FieldType.INTEGER, FieldType.BOOLEAN})


Shown = tuple[int, int]
"""Number of a site, and the manner of a row that went through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """
    What one object shown by a piece of code tells the log.

    Attributes:
        served: Coordinates shown whole.
        masked: (coordinate, mask) of those shown under a mask.
        denied: Coordinates that are denied whatever the row, once for every place left null.
    """

    served: tuple[str, ...]
    masked: tuple[tuple[str, Mask], ...]
    denied: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    text: str
    coordinate: str | None = None
    how: Mask | str | None = None


def lines_max(text_size: int) -> int:
    """Tell how many lines of code a document of *text_size* characters may have: so memory follows what was sent."""
    return LINES_LEAST + text_size // 2


class Writer:
    """Writes and keeps the code of one plan. Safe to use from several threads."""

    def __init__(
        self,
        schema: GraphQLSchema,
        collector: Collector,
        decider: Decider,
        specs: Mapping[str, FieldSpec],
        *,
        lines_max: int,
        keep_texts: bool = False,
    ) -> None:
        """
        Prepare to write.

        Args:
            schema: The schema.
            collector: Collects the fields of the document.
            decider: Decisions of the standing.
            specs: Coordinate -> catalogue field.
            lines_max: Most lines of code that may be written; beyond it the question is handed over.
            keep_texts: Keep the text of what is written, for people.
        """
        self._lines_left = lines_max
        self._keep_texts = keep_texts
        self._schema = schema
        self._collector = collector
        self._decider = decider
        self._specs = specs
        self._names: dict[tuple[str, tuple[int, ...]], str] = {}
        self._space: dict[str, object] = dict(_HELPERS)
        self._space |= {f"mask_{mask.value}": runtime.mask_of(mask) for mask in Mask}
        self._lock = RLock()
        self.texts: dict[str, str] = {}
        self.sites: dict[str, Site] = {}
        self.kinds: dict[str, tuple[str, ...]] = {}
        self.tellings: dict[Shown, Telling] = {}
        self.lists: list[Arguments] = []
        self._places: dict[int, int] = {}

    def root(
        self, parent: GraphQLObjectType, selections: SelectionSetNode
    ) -> tuple[Callable[[runtime.Running], Sequence[runtime.Part]], Sequence[str]]:
        """
        Write the function of the root.

        Returns:
            The function, and the response keys in its order.

        Raises:
            HandOverError: a field that is not compiled (introspection).
        """
        lines = ["def answer(run):", "    return ["]
        keys: list[str] = []
        for key, nodes in self._collector.fields(parent, (selections,)).items():
            name = nodes[0].name.value
            if name == "__typename":
                text = f"both({parent.name!r})"
            elif name not in ROOTS:
                raise HandOverError("introspection")
            else:
                inner = self._inner(get_named_type(parent.fields[name].type).name, nodes)
                text = ROOTS[name].format(key=repr(key), inner=inner)
            keys.append(key)
            lines.append(f"        {text},  # {key}")
        lines.append("    ]")
        self._add("answer", lines)
        return self._space["answer"], keys  # type: ignore[return-value]  # it was made by the line above

    def _add(self, name: str, lines: Sequence[str]) -> None:
        self._lines_left -= len(lines)
        if self._lines_left < 0:
            raise HandOverError("size")
        text = "\n".join(lines) + "\n"
        if self._keep_texts:
            self.texts[name] = text
        # The text is ours: GraphQL names as literals, and expressions of `schema.render.words`.
        exec(compile(text, f"<plan: {name}>", "exec"), self._space)  # noqa: S102

    def _inner(self, type_name: str, nodes: Sequence[FieldNode]) -> str:
        """Name the function or site that shows a value of *type_name* with the selections of *nodes*."""
        sets = selections_of(nodes)
        memo = (type_name, tuple(map(id, sets)))
        found = self._names.get(memo)
        if found is not None:
            return found
        guarded = self._guarded_kinds(type_name)
        name = f"{type_name.strip('_').lower()}_{len(self._names)}"
        self._names[memo] = name = name.upper() if guarded else name
        if guarded:
            self._space[name] = self.sites[name] = Site(
                len(self.sites), lambda site, manner: self._show(name, sets, site, manner)
            )
            self.kinds[name] = guarded
        elif type_name in PLAIN:
            self._plain(name, type_name, sets)
        else:
            raise HandOverError("type")
        return name

    def _guarded_kinds(self, type_name: str) -> tuple[str, ...]:
        kinds = self._decider.table.kinds
        if type_name in kinds:
            return (type_name,)
        if type_name not in _ABSTRACT:
            return ()
        found = self._schema.get_possible_types(self._schema.type_map[type_name])  # type: ignore[arg-type]  # abstract
        return tuple(each.name for each in found)

    def _object(self, type_name: str) -> GraphQLObjectType:
        found = self._schema.type_map[type_name]
        if not isinstance(found, GraphQLObjectType):  # pragma: no cover  names come from the guard table and PLAIN
            raise HandOverError("type")
        return found

    def _plain(self, name: str, type_name: str, sets: Sequence[SelectionSetNode]) -> None:
        parent, words = self._object(type_name), PLAIN[type_name]
        parameters = ", ".join(filter(None, (words.parameters, "run")))
        lines = [f"def {name}({parameters}):", *(f"    {line}" for line in words.prelude), "    return {"]
        for key, nodes in self._collector.fields(parent, sets).items():
            lines.append(f"        {key!r}: {self._open(parent, words.fields, nodes)},")
        self._add(name, [*lines, "    }"])

    def _open(self, parent: GraphQLObjectType, fields: Mapping[str, str], nodes: Sequence[FieldNode]) -> str:
        name = nodes[0].name.value
        if name == "__typename":
            return repr(parent.name)
        text = fields[name]
        if "{inner}" in text:
            return text.format(inner=self._inner(get_named_type(parent.fields[name].type).name, nodes))
        return text

    def _show(self, name: str, sets: Sequence[SelectionSetNode], site: Site, manner: int) -> Emit:
        """Write how an object of the site *name* is shown in *manner*."""
        if manner == UNPROVED:
            raise HandOverError("type")
        if ONLY_WRITTEN.get():
            raise NotWrittenError
        with self._lock:
            shown = self._decider.manners[manner]
            hows = dict(zip(self._decider.table.kinds[shown.kind], shown.decisions, strict=True))
            parent = self._object(shown.kind)
            is_subject = shown.kind == SUBJECT_KIND
            cells = {
                key: (self._subject if is_subject else self._record)(parent, hows, nodes)
                for key, nodes in self._collector.fields(parent, sets).items()
            }
            function = f"{name.lower()}_{shown.kind.lower()}_{manner}"
            lines = [f"def {function}(row, run):", *(_SUBJECT_PRELUDE if is_subject else _RECORD_PRELUDE)]
            lines += ["    return {", *(_line(key, cell) for key, cell in cells.items()), "    }"]
            self._add(function, lines)
            self.tellings[site.number, manner] = self._telling(cells.values())
            return self._space[function]  # type: ignore[return-value]  # made by the line above

    def _list(self, parent: GraphQLObjectType, node: FieldNode) -> int:
        """Number a `records` selection; whatever leads to it, its arguments are the same."""
        place = self._places.get(id(node))
        if place is None:
            place = self._places[id(node)] = len(self.lists)
            self.lists.append(Arguments(parent.fields[node.name.value], node))
        return place

    def _telling(self, cells: Iterable[_Cell]) -> Telling:
        served: dict[str, None] = {}
        masked: dict[tuple[str, Mask], None] = {}
        denied: list[str] = []
        for cell in cells:
            if cell.coordinate is None:
                continue
            if cell.how is None:
                served[cell.coordinate] = None
            elif isinstance(cell.how, Mask):
                masked[cell.coordinate, cell.how] = None
            elif isinstance(self._decider.static(cell.coordinate), Denied):
                denied.append(cell.coordinate)
        return Telling(served=tuple(served), masked=tuple(masked), denied=tuple(denied))

    def _record(
        self, parent: GraphQLObjectType, hows: Mapping[str, Mask | str | None], nodes: Sequence[FieldNode]
    ) -> _Cell:
        coordinate = f"{parent.name}.{nodes[0].name.value}"
        spec = self._specs.get(coordinate)
        if spec is None:
            return _Cell(text=self._open(parent, OPEN_RECORD, nodes))
        how = hows[spec.name]
        return _Cell(text=_field(spec, how), coordinate=coordinate, how=how)

    def _subject(
        self, parent: GraphQLObjectType, hows: Mapping[str, Mask | str | None], nodes: Sequence[FieldNode]
    ) -> _Cell:
        name = nodes[0].name.value
        entry = self._decider.table.by_coordinate.get(f"{parent.name}.{name}")
        if name == "records":
            inner = self._inner(get_named_type(parent.fields[name].type).name, nodes)
            return _Cell(text=f"{inner}(run.page({self._list(parent, nodes[0])}, row), run)")
        if entry is None:
            return _Cell(text=self._open(parent, SUBJECT, nodes))
        how = hows[entry.name]
        if how == DENY:
            text = "None"
        elif how is None:
            text = self._open(parent, SUBJECT, nodes)
        elif "{inner}" in SUBJECT[name]:
            text = "unproved()"
        else:
            text = f"None if (x := {SUBJECT[name]}) is None else mask_{how}(x)"
        return _Cell(text=text, coordinate=entry.coordinate, how=how)


def _field(spec: FieldSpec, how: Mask | str | None) -> str:
    value = f"body.{spec.name}"
    if how == DENY:
        return "None"
    if how is None:
        return f"whole({value})" if spec.field.type is FieldType.INTEGER else value
    if spec.field.type is FieldType.TEXTS:
        return f"masked_all(mask_{how}, {value})"
    if spec.field.type in _NUMBERS:
        return f"None if {value} is None else unproved()"
    return f"None if (x := {value}) is None else mask_{how}(x)"


def _line(key: str, cell: _Cell) -> str:
    note = "" if cell.coordinate is None else f"  # {cell.coordinate}: {_said(cell.how)}"
    return f"        {key!r}: {cell.text},{note}"


def _said(how: Mask | str | None) -> str:
    if how is None:
        return "clear"
    return f"mask {how.value}" if isinstance(how, Mask) else how


_RECORD_PRELUDE = ("    body, shown = row.stored.body, row.open",)
_SUBJECT_PRELUDE = ("    told = row.values",)
_ABSTRACT = frozenset({"CreditRecord", "Node", "_Entity"})
_HELPERS: Mapping[str, object] = {
    helper.__name__: helper
    for helper in (
        as_of,
        received_at,
        runtime.both,
        runtime.entities,
        runtime.many,
        runtime.masked_all,
        runtime.node,
        runtime.number,
        runtime.one,
        runtime.preview,
        runtime.search,
        runtime.shown_all,
        runtime.shown_one,
        runtime.subject,
        runtime.subjects,
        runtime.unproved,
        runtime.whole,
    )
}
