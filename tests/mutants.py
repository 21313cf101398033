"""
Small wrongs that can be done to a function that decides: what `tests.mutation` puts in, one at a time.

A mutant is known by what was there and what stands there instead, never by a line number, so that a list of the
equivalent ones survives an edit elsewhere in the file.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.LtE: (ast.Lt, ast.GtE, ast.Gt),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Gt: (ast.GtE, ast.LtE),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_DECISIONS = ("Clear", "Masked", "Denied")
_MADE = {"Clear": "Clear(rule='mutant')", "Denied": "Denied(rule='mutant', required_tier=Tier.R)"}
_MASKS = ("m1", "m4")


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    One change.

    Attributes:
        file: Path of the module.
        place: Function or constant it is in, `Decider.static`.
        before, after: The changed part.
        tree: The whole module with the change.
    """

    file: str
    place: str
    before: str
    after: str
    tree: ast.Module

    @property
    def key(self) -> str:
        return f"{self.file} {self.place}: {self.before} -> {self.after}"


Change = Callable[[ast.AST], ast.AST | None]


def mutants_of(file: str, text: str, places: frozenset[str] | None = None) -> Iterator[Mutant]:
    """Make every mutant of the functions and constants of a module; *places*: only of these."""
    tree = ast.parse(text)
    for place, owner in _places(tree):
        if places is not None and place not in places:
            continue
        seen = set()
        for node in _walk(owner):
            for after in _changes(owner, node):
                made = _made(file, place, tree, node, after)
                if made.key not in seen and made.before != made.after:
                    seen.add(made.key)
                    yield made


def _places(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, ast.FunctionDef))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield target.id, node


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that does something: neither annotations, docstrings nor the fixed parts of a text with holes."""
    yield node
    for name, part in ast.iter_fields(node):
        if name in {"annotation", "returns", "args"} and isinstance(part, ast.expr | ast.arguments):
            continue
        for each in part if isinstance(part, list) else [part]:
            is_text = isinstance(each, ast.Constant) and isinstance(node, ast.Expr | ast.JoinedStr)
            if isinstance(each, ast.AST) and not is_text:
                yield from _walk(each)


def _made(file: str, place: str, tree: ast.Module, node: ast.AST, after: list[ast.AST]) -> Mutant:
    # The node is marked, the tree copied, and the mark replaced in the copy.
    node.is_mutated = True  # type: ignore[attr-defined]
    changed = copy.deepcopy(tree)
    del node.is_mutated  # type: ignore[attr-defined]
    changed = ast.fix_missing_locations(_Replaced(after).visit(changed))
    return Mutant(file, place, _shown(node), " ".join(map(_shown, after)) or "nothing", changed)


def _shown(node: ast.AST) -> str:
    match node:
        case ast.If(test=ast.Constant(True), body=[ast.If() as second, ast.If()]):
            return f"after {_shown(second)}"
        case ast.If():
            return f"if {ast.unparse(node.test)}"
        case ast.comprehension():
            return f"for {ast.unparse(node.target)} if {' if '.join(map(ast.unparse, node.ifs)) or True}"
        case ast.FormattedValue():
            return f"hole {ast.unparse(node.value)}"
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


class _Replaced(ast.NodeTransformer):
    def __init__(self, after: list[ast.AST]) -> None:
        self._after = after

    def visit(self, node: ast.AST) -> ast.AST | list[ast.AST]:
        if hasattr(node, "is_mutated"):
            after = copy.deepcopy(self._after)
            if isinstance(node, ast.stmt):
                return after or [ast.Pass()]
            return after[0]
        return self.generic_visit(node)


def _changes(owner: ast.AST, node: ast.AST) -> Iterator[list[ast.AST]]:
    for make in (_of_logic, _of_decisions, _of_values, _of_collections, _of_statements):
        for after in make(node):
            yield [after] if isinstance(after, ast.AST) else after
    for after in _of_siblings(owner, node):
        yield [after]


def _with(node: ast.AST, **parts: object) -> ast.AST:
    made = copy.copy(node)
    for name, value in parts.items():
        setattr(made, name, value)
    return made


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _of_logic(node: ast.AST) -> Iterator[ast.AST]:
    """Conditions: turned round, always, never, one part forgotten."""
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield _with(node, ops=[other()])
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
            for place in range(len(values)):
                rest = values[:place] + values[place + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.If() | ast.IfExp():
            yield _with(node, test=ast.Constant(True))
            yield _with(node, test=ast.Constant(False))
        case ast.comprehension(ifs=[*ifs]) if ifs:
            yield _with(node, ifs=[])
            yield _with(node, ifs=[ast.Constant(False)])


def _of_decisions(node: ast.AST) -> Iterator[ast.AST]:
    """Clear, masked and denied for each other, where they are made and where they are asked for."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in _DECISIONS:
            for other, text in _MADE.items():
                if other != name:
                    yield _expression(text)
        case ast.Call(func=ast.Name(id="isinstance"), args=[value, ast.Name(id=name)]) if name in _DECISIONS:
            for other in _DECISIONS:
                if other != name:
                    yield _with(node, args=[value, ast.Name(other)])
        case ast.Name(id=name) if name in _NAMES:
            yield _with(node, id=_NAMES[name])


def _of_values(node: ast.AST) -> Iterator[ast.AST]:
    """Another word, another member of an enumeration, another mask, half of a union."""
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=str(value)) if value:
            yield ast.Constant("mutant")
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.FormattedValue(value=ast.Name(id="how")):
            for mask in _MASKS:
                yield ast.FormattedValue(ast.Constant(mask), -1)
        case ast.Attribute(value=ast.Name(id="Mask"), attr=name):
            yield _with(node, attr="M7" if name != "M7" else "M6")
        case ast.Attribute(value=ast.Name(id="Tier"), attr=name):
            yield _with(node, attr="R" if name != "R" else "P")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            yield _with(node, op=_OPERATORS[type(op)]())
            yield from (left, right)
        case ast.BinOp(left=left, op=ast.Sub()):
            yield left


def _of_collections(node: ast.AST) -> Iterator[ast.AST]:
    """One element forgotten, two neighbours in the other order."""
    elements = getattr(node, "elts", None)
    if (
        not isinstance(node, ast.Set | ast.Tuple | ast.List)
        or not elements
        or isinstance(node.__dict__.get("ctx"), ast.Store)
    ):
        return
    for place in range(len(elements)):
        rest = elements[:place] + elements[place + 1 :]
        yield _with(node, elts=rest) if rest or not isinstance(node, ast.Set) else _expression("set()")
    if not isinstance(node, ast.Set):
        for place in range(len(elements) - 1):
            yield _with(node, elts=[*elements[:place], elements[place + 1], elements[place], *elements[place + 2 :]])


def _of_statements(node: ast.AST) -> Iterator[ast.AST | list[ast.AST]]:
    """A statement forgotten, what follows it first; a return of the opposite, or of nothing."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue():
            yield []
        case ast.Return(value=value) if value is not None:
            if isinstance(value, ast.Compare | ast.BoolOp) or (
                isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in {"any", "all"}
            ):
                yield ast.Return(ast.UnaryOp(ast.Not(), value))
            elif not (isinstance(value, ast.Constant) and value.value is None):
                yield ast.Return(ast.Constant(None))
        case ast.Assign(targets=[ast.Subscript()]):
            yield []


def _of_siblings(owner: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """What another branch of the same function returns or assigns: shown whole for masked, masked for denied."""
    match node:
        case ast.Return(value=value) if value is not None:
            for other in ast.walk(owner):
                if isinstance(other, ast.Return) and other is not node and other.value is not None:
                    yield ast.Return(other.value)
        case ast.Assign(targets=[ast.Name(id=name)]):
            for other in ast.walk(owner):
                if isinstance(other, ast.Assign) and other is not node and ast.unparse(other.targets[0]) == name:
                    yield _with(node, value=other.value)
        case ast.If(body=[*_], orelse=[]) if isinstance(owner, ast.FunctionDef) and node in owner.body:
            place = owner.body.index(node)
            if place + 1 < len(owner.body) and isinstance(owner.body[place + 1], ast.If):
                yield from _later(node, owner.body[place + 1])


def _later(first: ast.stmt, second: ast.stmt) -> Iterator[ast.AST]:
    # The second is asked before the first as well: an `if` whose body leaves makes that the other order.
    yield ast.If(ast.Constant(True), [second, first], [])
