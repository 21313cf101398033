"""Step 8 of the road, the compiled executor: runs the code of a plan over what was fetched and judged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from schema.catalogue.model import FieldSpec
from schema.graph.asking import Asking
from schema.graph.connection import Selection, check_first, selection_of
from schema.plan.arguments import Arguments
from schema.plan.decider import Decider
from schema.plan.model import Plan
from schema.render.collect import Collector
from schema.render.runtime import ONLY_WRITTEN, HandOverError, Part, Running
from schema.render.write import Shown, Writer, lines_max

_SHOWINGS_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Showing:
    """
    What an answer showed, as far as it does not depend on how often.

    Attributes:
        served: Coordinates shown whole, sorted.
        masked: Coordinate -> its masks, joined by `+`; sorted.
        memo: Memory of what was made of this showing; kept by its users.
    """

    served: tuple[str, ...]
    masked: Mapping[str, str]
    memo: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """
    An answer.

    Attributes:
        data: JSON of `data`, as it is sent and in canonical form.
        errors: Errors with their paths.
        showing: What was shown.
        denied: Statically denied coordinate -> places left null.
    """

    data: Part
    errors: Sequence[GraphQLError]
    showing: Showing
    denied: Mapping[str, int]


class Compiled:
    """The code of one plan. May be kept, shared, and run from several threads."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        *,
        decider: Decider,
        specs: Mapping[str, FieldSpec],
    ) -> None:
        """
        Write the code.

        Args:
            schema: The schema *document* was validated against.
            document: The whole document.
            operation: The query to run.
            variables: Of these, only those that @skip and @include name are read, and they are fixed from now on.
            decider: Decisions of the standing.
            specs: Coordinate -> catalogue field.

        Raises:
            HandOverError: the document selects what is not compiled.
            GraphQLError: a directive got null by a variable.
        """
        query = schema.query_type
        if query is None:  # pragma: no cover  the exchange's schema has one
            raise HandOverError("schema")
        self._specs = specs
        self._decider = decider
        size = len(document.loc.source.body) if document.loc else 0
        self._write = partial(
            Writer, schema, Collector(schema, document, variables), decider, specs, lines_max=lines_max(size)
        )
        self._root = (query, operation.selection_set)
        self._writer = self._write()
        self._answer, keys = self._writer.root(*self._root)
        self._heads = [b'"%b":' % key.encode() for key in keys]
        self._sorted = sorted(range(len(keys)), key=keys.__getitem__)
        self._selections: dict[int, Selection] = {}
        self._showings: dict[frozenset[Shown], Showing] = {}

    def run(self, asking: Asking, plan: Plan, variables: VariableValues, *, only_written: bool = False) -> Emitted:
        """
        Answer.

        Args:
            asking: What was fetched and judged.
            plan: The plan of the same document and decisions, bound to *variables*.
            variables: Coerced variable values.
            only_written: Do with the code there is: writing it would hold up whoever else runs in this thread.

        Raises:
            NotWrittenError: some code is not written yet, and may not be.
            HandOverError: something in this world is not compiled; the reference executor answers it.
        """
        arguments = {root.key: root.arguments for root in plan.roots}
        run = Running(asking=asking, arguments=arguments, list_at=lambda place: self._list(place, variables))
        token = ONLY_WRITTEN.set(only_written)
        try:
            parts = self._answer(run)
        finally:
            ONLY_WRITTEN.reset(token)
        counts: Counter[Shown] = Counter()
        for site, rows in run.seen:
            counts.update([(site.number, row.manner) for row in rows])
        return Emitted(
            data=self._joined(parts),
            errors=run.errors,
            showing=self._showing(counts),
            denied=self._denied(counts),
        )

    def explain(self) -> str:
        """Print the code, written for every manner of showing that the standing allows for by itself."""
        writer = self._write(keep_texts=True)
        writer.root(*self._root)
        done: set[str] = set()
        while new := [name for name in writer.sites if name not in done]:
            for name in new:
                done.add(name)
                for kind in writer.kinds[name]:
                    for manner in self._decider.possible_manners(kind):
                        writer.sites[name][manner]
        return "\n\n".join(writer.texts.values())

    def _joined(self, parts: Sequence[Part]) -> Part:
        heads = self._heads
        plain = [head + part.plain for head, part in zip(heads, parts, strict=True)]
        canonical = [heads[place] + parts[place].canonical for place in self._sorted]
        return Part(b"{%b}" % b",".join(plain), b"{%b}" % b",".join(canonical))

    def _list(self, place: int, variables: VariableValues) -> tuple[Selection, int, str | None]:
        arguments: Arguments = self._writer.lists[place]
        try:
            values = arguments.values(variables)
            selection = self._selections.get(place)
            if selection is None:
                selection = selection_of(values, self._specs)
                if arguments.is_constant:
                    self._selections[place] = selection
            first, after = values["first"], values.get("after")
            if not isinstance(first, int):  # pragma: no cover  it is an Int!
                raise HandOverError("argument")
            return selection, check_first(first), None if after is None else str(after)
        except GraphQLError:
            raise HandOverError("argument") from None

    def _showing(self, counts: Mapping[Shown, int]) -> Showing:
        signature = frozenset(counts)
        found = self._showings.get(signature)
        if found is None:
            if len(self._showings) >= _SHOWINGS_KEPT:
                self._showings.clear()
            found = self._showings[signature] = self._told(counts)
        return found

    def _told(self, counts: Mapping[Shown, int]) -> Showing:
        served: set[str] = set()
        masked: dict[str, set[str]] = {}
        for seen in counts:
            telling = self._writer.tellings[seen]
            served.update(telling.served)
            for coordinate, mask in telling.masked:
                masked.setdefault(coordinate, set()).add(mask.value)
        return Showing(
            served=tuple(sorted(served)),
            masked={name: "+".join(sorted(masks)) for name, masks in sorted(masked.items())},
        )

    def _denied(self, counts: Mapping[Shown, int]) -> Mapping[str, int]:
        denied: Counter[str] = Counter()
        for seen, count in counts.items():
            for coordinate in self._writer.tellings[seen].denied:
                denied[coordinate] += count
        return denied
