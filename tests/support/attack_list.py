"""
The attacks themselves: requests made to exhaust the hub, each at most 64 KB. `tests.support.attacks` sends them.

Rules:
    - An attack is one request anybody could send: no valid token is needed, no state is left behind.
    - A document is made new for each turn, since a cached one costs nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BODY_MAX = 65_536
"""Largest body of an attack, in bytes."""
ANSWER_MAX = 1_048_576
"""Largest answer to an attack, unless it says otherwise, in bytes."""
KIND_NAMES = ("REGISTRATION", "LICENCE", "PENALTY", "LIST_ENTRY", "GRADE", "COMMITMENT", "SUPPLIER_SANCTION")
SORTS = ("PENALTY_DECIDED_ON", "LICENCE_DECIDED_ON", "GRADE_ISSUED_ON", "LIST_ENTRY_LISTED_ON", "LICENCE_VALID_TO")
LINES = " \n" * 14_000
_TURN = "@@@@@@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """
    One request.

    Attributes:
        name: What it tries.
        body: Bytes of the POST; may hold the mark of the turn.
        headers: Beside the content type.
        codes: `extensions.code`s of which the first error must carry one; empty: it may be answered.
        answer_max: Largest answer, bytes.
    """

    name: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    answer_max: int = ANSWER_MAX

    def on_turn(self, turn: int) -> bytes:
        """The body, different on every turn where that keeps it the same attack."""
        return self.body.replace(_TURN.encode(), b"%06d" % turn, 1)


PARSE, INVALID, INPUT, COST = (
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "COST_ESTIMATED_TOO_EXPENSIVE",
)


def attacks(codes: Sequence[str]) -> tuple[Attack, ...]:
    """Make every attack; *codes* are subjects on file, at least one."""
    made = [
        *_fragments(codes[0]),
        *_aliases(codes),
        *_duplicates(codes[0]),
        *_depth(codes[0]),
        *_literals(codes[0]),
        *_floods(codes[0]),
        *_arguments(codes),
        *_introspection(),
        *_unicode(codes[0]),
        *_envelope(codes[0]),
    ]
    for attack in made:
        if len(attack.body) > BODY_MAX:
            raise ValueError(f"{attack.name}: {len(attack.body)} bytes")
    return tuple(made)


def _ask(name: str, query: str, variables: object = None, *refused: str, **more: Any) -> Attack:
    body: dict[str, Any] = {"query": f"#{_TURN}\n{query}"}
    if variables is not None:
        body["variables"] = variables
    for member in ("extensions", "operationName"):
        if member in more:
            body[member] = more.pop(member)
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    # What has more tokens than the hub reads is refused at once, whatever else is wrong with it.
    codes = frozenset({*refused, PARSE}) if refused else frozenset[str]()
    return Attack(name=name, body=data, codes=codes, **more)


def _many(count: int, text: Callable[[int], str]) -> str:
    return " ".join(text(index) for index in range(count))


def _subject(code: str, selection: str) -> str:
    return f'{{subject(code:"{code}"){{{selection}}}}}'


def _fragments(code: str) -> Iterator[Attack]:
    on = "on CreditSubject"

    def chain(layers: int, link: Callable[[int], str]) -> str:
        return _many(layers, lambda n: f"fragment f{n} {on}{{{link(n)}}}") + f" fragment f{layers} {on}{{name}}"

    yield _ask(
        "fragments: each spreads the next twice",
        _subject(code, "...f0") + chain(180, lambda n: f"...f{n + 1} ...{{...f{n + 1}}}"),
    )
    yield _ask(
        "fragments: each spreads the next ten times",
        _subject(code, "...f0") + chain(80, lambda n: f"...f{n + 1} " * 10),
    )
    yield _ask(
        "fragments: doubling through a list under two aliases",
        _subject(code, "...f0")
        + _many(100, lambda n: f"fragment f{n} {on}{{a{n}:records{{nodes{{id}}}} ...f{n + 1} ...{{...f{n + 1}}}}}")
        + f" fragment f100 {on}{{name}}",
    )
    yield _ask("fragments: a chain of 550", _subject(code, "...f0") + chain(550, lambda n: f"...f{n + 1}"))
    yield _ask(
        "fragments: each spreads all later ones",
        _subject(code, "...f0")
        + _many(48, lambda n: f"fragment f{n} {on}{{name {_many(48 - n, lambda m: f'...f{m + n + 1}')}}}")
        + f" fragment f48 {on}{{name}}",
    )
    yield _ask(
        "fragments: 300 beside each other, the same fields",
        _subject(code, _many(300, lambda n: f"...f{n}")) + _many(300, lambda n: f"fragment f{n} {on}{{name code}}"),
    )
    yield _ask(
        "fragments: 250 beside each other, the same list",
        _subject(code, _many(250, lambda n: f"...f{n}"))
        + _many(250, lambda n: f"fragment f{n} {on}{{records{{totalCount}}}}"),
    )
    yield _ask("fragments: spread of itself", "{me{...a}} fragment a on Me{actor ...a}", None, INVALID)
    yield _ask(
        "fragments: a ring of 400",
        "{me{...f0}}" + _many(400, lambda n: f"fragment f{n} on Me{{...f{(n + 1) % 400}}}"),
        None,
        INVALID,
    )
    yield _ask(
        "fragments: everyone knows everyone",
        "{me{...f0}}" + _many(30, lambda n: f"fragment f{n} on Me{{{_many(30, lambda m: f'...f{m}')}}}"),
        None,
        INVALID,
    )
    yield _ask(
        "fragments: 480 never used",
        "{me{actor}}" + _many(480, lambda n: f"fragment f{n} on Me{{actor}}"),
        None,
        INVALID,
    )
    yield _ask("fragments: 1,200 spreads of none", "{" + _many(1_200, lambda n: f"...f{n}") + "}", None, INVALID)


def _aliases(codes: Sequence[str]) -> Iterator[Attack]:
    code = codes[0]
    profile = "nodes{id kind category day publicityState severity provenance{source batch asOf}}"
    yield _ask("aliases: me 500 times", "{" + _many(500, lambda n: f"a{n}:me{{actor regions}}") + "}")
    yield _ask("aliases: sources 400 times", "{" + _many(400, lambda n: f"a{n}:sources{{id nameZh state}}") + "}")
    yield _ask("aliases: the SDL 550 times", "{" + _many(550, lambda n: f"a{n}:_service{{sdl}}") + "}", None, COST)
    yield _ask("aliases: a subject 300 times", "{" + _many(300, lambda n: f'a{n}:subject(code:"{code}"){{name}}') + "}")
    yield _ask("aliases: one field 1,250 times", _subject(code, _many(1_250, lambda n: f"a{n}:name")))
    yield _ask("aliases: __typename 1,250 times", _subject(code, _many(1_250, lambda n: f"a{n}:__typename")))
    yield _ask(
        "aliases: a list 120 times", _subject(code, _many(120, lambda n: f"a{n}:records(first:200){{{profile}}}"))
    )
    yield _ask(
        "aliases: 120 lists sorted by turns",
        _subject(
            code,
            _many(
                120,
                lambda n: f"a{n}:records(first:{n + 1},orderBy:{{field:{SORTS[n % len(SORTS)]}}}){{nodes{{id}}}}",
            ),
        ),
    )
    yield _ask(
        "aliases: 10 lists of 500 subjects",
        "query($c:[ID!]!){subjects(codes:$c){"
        + _many(10, lambda n: f"a{n}:records(first:{n + 1}){{{profile}}}")
        + "}}",
        {"c": _repeated(codes, 500)},
        answer_max=21_000_000,
    )
    yield _ask(
        "aliases: 1,200 fields of 600 subjects",
        "query($r:[_Any!]!){_entities(representations:$r){...on CreditSubject{"
        + _many(1_200, lambda n: f"a{n}:name")
        + "}}}",
        {"r": [{"__typename": "CreditSubject", "code": code} for code in _repeated(codes, 600)]},
        COST,
    )
    yield _ask(
        "aliases: 40 roots of 500 subjects",
        "query($c:[ID!]!){" + _many(40, lambda n: f"a{n}:subjects(codes:$c){{name}}") + "}",
        {"c": _repeated(codes, 500)},
        INPUT,
        COST,
    )
    yield _ask(
        "aliases: 60 roots of 25 subjects inline",
        "{" + _many(60, lambda n: f"a{n}:subjects(codes:[{','.join(_quoted(codes, 25))}]){{name}}") + "}",
        None,
        INPUT,
    )


def _duplicates(code: str) -> Iterator[Attack]:
    yield _ask("duplicates: a root field 3,900 times", "{" + "__typename " * 3_900 + "}")
    yield _ask("duplicates: a leaf 3,900 times", _subject(code, "name " * 3_900))
    yield _ask("duplicates: a leaf 20,000 times", _subject(code, "id " * 20_000), None, PARSE)
    yield _ask("duplicates: an object 950 times", "{" + "me{actor}" * 950 + "}")
    yield _ask("duplicates: nested lists 390 times", _subject(code, "records{nodes{id kind day}}" * 390))
    yield _ask(
        "duplicates: five levels 250 times", "{" + f'subject(code:"{code}"){{records{{nodes{{id}}}}}}' * 250 + "}"
    )
    yield _ask(
        "duplicates: one key, two fields, 640 times",
        _subject(code, "a:name a:code " * 640),
        None,
        INVALID,
    )
    yield _ask(
        "duplicates: one key, other arguments, 350 times",
        _subject(code, _many(350, lambda n: f"records(first:{n + 1}){{totalCount}}")),
        None,
        INVALID,
    )
    yield _ask("duplicates: an inline fragment 660 times", _subject(code, "...on CreditSubject{name}" * 660))
    yield _ask(
        "duplicates: one key on nine kinds, 40 times",
        _subject(
            code,
            "records{nodes{"
            + (
                "...on Penalty{a:documentNo}...on Licence{a:documentNo}...on Grade{a:grade}...on Arrears{a:accountNo}"
                * 40
            )
            + "}}",
        ),
    )
    yield _ask(
        "duplicates: lists within fragments within lists",
        _subject(code, "...f0 ...f1 ...f2 ...f3" + "records{...g0 ...g1 ...g2}" * 60)
        + _many(4, lambda n: f"fragment f{n} on CreditSubject{{{'records{...g0 ...g1 ...g2}' * 40}}}")
        + _many(3, lambda n: f"fragment g{n} on CreditRecordConnection{{{'nodes{id kind}' * 100}}}"),
    )
    yield _ask(
        "duplicates: conflict at the bottom of a ladder",
        _subject(code, _many(60, lambda n: f"...{{records{{...{{nodes{{...{{a:id b{n}:kind a:kind}}}}}}}}}}")),
        None,
        INVALID,
    )


def _depth(code: str) -> Iterator[Attack]:
    yield _ask("depth: 1,300 selections", "{a" * 1_300 + "}" * 1_300, None, PARSE, INVALID)
    yield _ask("depth: 20,000 selections without an end", "{a" * 20_000, None, PARSE)
    yield _ask("depth: 1,200 inline fragments", "{" + "...{" * 1_200 + "__typename" + "}" * 1_200 + "}")
    yield _ask("depth: 90 inline fragments", "{" + "...{" * 90 + "__typename" + "}" * 90 + "}")
    yield _ask(
        "depth: 1,900 lists in an argument",
        f"{{subjects(codes:{'[' * 1_900}{']' * 1_900}){{name}}}}",
        None,
        PARSE,
        INVALID,
    )
    yield _ask(
        "depth: 900 objects in an argument",
        f"{{_entities(representations:{'{a:' * 900}1{'}' * 900}){{__typename}}}}",
        None,
        PARSE,
        INVALID,
    )
    yield _ask(
        "depth: 1,500 lists in a type",
        f"query($a:{'[' * 1_500}ID{']' * 1_500}){{subjects(codes:$a){{name}}}}",
        None,
        PARSE,
        INVALID,
    )
    deep = "[" * 20_000 + "]" * 20_000
    yield Attack(
        name="depth: variables in JSON",
        body=f'{{"query":"{{me{{actor}}}}","variables":{{"a":{deep}}}}}'.encode(),
        codes=frozenset({INPUT}),
    )
    yield Attack(
        name="depth: extensions in JSON, 900",
        body=f'{{"query":"{{me{{actor}}}}","extensions":{{"a":{"[" * 900}{"]" * 900}}}}}'.encode(),
        codes=frozenset({INPUT}),
    )
    yield _ask(
        "depth: 50 levels in each of 180 references",
        "query($r:[_Any!]!){_entities(representations:$r){__typename}}",
        {"r": [_nested(50) for _ in range(180)]},
    )


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return {"__typename": "CreditSubject", "code": value}


def _literals(code: str) -> Iterator[Attack]:
    yield _ask("literals: a float of 1e999999", _subject(code, "records(first:1e999999){totalCount}"), None, INVALID)
    yield _ask(
        "literals: an integer of 60,000 digits",
        _subject(code, f"records(first:{'9' * 60_000}){{totalCount}}"),
        None,
        INVALID,
    )
    yield Attack(
        name="literals: an integer of 60,000 digits in JSON",
        body=b'{"query":"query($n:Int!){subject(code:\\"a\\"){records(first:$n){totalCount}}}","variables":{"n":%s}}'
        % (b"9" * 60_000),
        codes=frozenset({INPUT}),
    )
    yield _ask("literals: a code of 60,000 characters", _subject("9" * 60_000, "name"))
    yield _ask(
        "literals: a block string of 14,000 lines", _subject(code, "name").replace(f'"{code}"', f'"""{LINES}"""')
    )
    yield _ask("literals: 8,000 escapes", _subject("\\u0041" * 8_000, "name"))
    yield _ask("literals: 3,800 numbers in a list", f"{{subjects(codes:[{'1,' * 3_800}]){{name}}}}")
    yield _ask("literals: 750 objects for a code", f"{{subjects(codes:[{'{a:1}' * 750}]){{name}}}}", None, INVALID)
    yield _ask(
        "literals: one member of an object 1,200 times",
        _subject(code, f"records(where:{{{'dayFrom:null ' * 1_200}}}){{totalCount}}"),
        None,
        INVALID,
    )
    yield _ask(
        "literals: 1,900 unknown constants",
        _subject(code, f"records(kinds:[{_many(1_900, lambda n: f'K{n}')}]){{totalCount}}"),
        None,
        INVALID,
    )
    yield _ask(
        "literals: a bound of 60,000 digits",
        "query($w:RecordFilter){" + _subject(code, "records(where:$w){totalCount}")[1:],
        {"w": {"fields": [{"field": "PENALTY_DOCUMENT_NO", "atLeast": "9" * 60_000}]}},
    )


def _floods(code: str) -> Iterator[Attack]:
    yield _ask("flood: 3,900 unknown fields", "{" + _many(3_900, lambda n: f"x{n}") + "}", None, INVALID)
    yield _ask("flood: 900 unknown arguments", f"{{me({_many(900, lambda n: f'x{n}:1')}){{actor}}}}", None, INVALID)
    yield _ask("flood: 900 unknown types", "{" + _many(900, lambda n: f"...on X{n}{{a}}") + "}", None, INVALID)
    yield _ask("flood: @skip 550 times on a field", f"{{me{'@skip(if:false)' * 550}{{actor}}}}", None, INVALID)
    yield _ask("flood: 1,900 unknown directives", f"{{me{_many(1_900, lambda n: f'@x{n}')}{{actor}}}}", None, INVALID)
    yield _ask(
        "flood: 360 fields, each skipped by a variable",
        "query($s:Boolean!){" + _many(360, lambda n: f"a{n}:__typename@skip(if:$s)") + "}",
        {"s": True},
    )
    yield _ask(
        "flood: 900 variables nobody uses", f"query({_many(900, lambda n: f'$v{n}:Int')}){{me{{actor}}}}", None, INVALID
    )
    yield _ask(
        "flood: 1,800 variables nobody declared",
        f"{{subjects(codes:[{_many(1_800, lambda n: f'$v{n}')}]){{name}}}}",
        None,
        INVALID,
    )
    yield _ask(
        "flood: 600 variables, each used",
        f"query({_many(600, lambda n: f'$v{n}:ID=1')}){{subjects(codes:[{_many(600, lambda n: f'$v{n}')}]){{name}}}}",
    )
    yield _ask("flood: 3,500 values for no variable", "{me{actor}}", {f"v{n}": n for n in range(3_500)})
    yield _ask("flood: 560 operations", _many(560, lambda n: f"query q{n}{{me{{actor}}}}"), operationName="q7")
    yield _ask("flood: 560 operations of one name", "query q{me{actor}}" * 560, None, INVALID, operationName="q")
    yield _ask(
        "flood: 90 operations share 60 fragments",
        _many(90, lambda n: f"query q{n}($v:Boolean!){{me{{{_many(9, lambda m: f'...f{m}')}}}}}")
        + _many(60, lambda n: f"fragment f{n} on Me{{actor@skip(if:$v) ...f{n + 1}}}")
        + "fragment f60 on Me{actor}",
        {"v": False},
        operationName="q1",
    )
    yield _ask("flood: 32,000 unmatched tokens", "!" * 32_000, None, PARSE)


def _arguments(codes: Sequence[str]) -> Iterator[Attack]:
    code = codes[0]
    listed = "query($c:[ID!]!){subjects(codes:$c){name}}"
    filtered = "query($c:[ID!]!,$w:RecordFilter){subjects(codes:$c){records(where:$w){totalCount}}}"
    entities = "query($r:[_Any!]!){_entities(representations:$r){...on CreditSubject{name}}}"
    conditions = {"fields": [{"field": "PENALTY_DOCUMENT_NO", "equals": "D"}] * 900}
    yield _ask("arguments: 500 bad codes", listed, {"c": [f"X{n:017d}" for n in range(500)]})
    yield _ask("arguments: 2,500 codes", listed, {"c": _repeated(codes, 2_500)}, INPUT)
    yield _ask("arguments: 1,000 references of no form", entities, {"r": [{"__typename": "X"}] * 1_000})
    yield _ask(
        "arguments: 900 references with junk",
        entities,
        {"r": [{"__typename": "CreditSubject", "code": {"a": [n] * 3}} for n in range(900)]},
    )
    yield _ask("arguments: 12,000 references", entities, {"r": [1] * 12_000}, INPUT)
    yield _ask("arguments: 500 unknown subjects", listed, {"c": [f"9151010000000{n:05d}" for n in range(500)]})
    yield _ask("arguments: a search for 20,000 characters", _search("司" * 20_000))
    yield _ask("arguments: a search for wildcards", _search("%_" * 100))
    yield _ask("arguments: a search for one character, 200 of them", _search("公", 200), answer_max=21_000_000)
    yield _ask(
        "arguments: 150 searches",
        "{" + _many(150, lambda n: f'a{n}:searchSubjects(name:"公司{n}",first:6){{nodes{{name}}}}') + "}",
    )
    yield _ask(
        "arguments: 3,500 kinds",
        "query($k:[RecordKind!]){" + _subject(code, "records(kinds:$k){totalCount}")[1:],
        {"k": list(KIND_NAMES) * 500},
    )
    yield _ask("arguments: 900 conditions on a list", filtered, {"c": [code], "w": conditions})
    yield _ask("arguments: 900 conditions on 250 lists", filtered, {"c": _repeated(codes, 250), "w": conditions})
    yield _ask(
        "arguments: 900 conditions on 200 lists by aliases",
        "query($w:RecordFilter){" + _subject(code, _many(200, lambda n: f"a{n}:records(where:$w){{totalCount}}"))[1:],
        {"w": {"fields": [{"field": "LICENCE_STATE", "equals": "1"}] * 900}},
    )
    yield _ask(
        "arguments: 330 cursors of nobody",
        _subject(code, _many(330, lambda n: f'a{n}:records(after:"{"x" * 100}{n}"){{totalCount}}')),
    )
    yield _ask(
        "arguments: a cursor of 60,000 characters", _subject(code, f'records(after:"{"A" * 60_000}"){{totalCount}}')
    )
    yield _ask("arguments: 400 identifiers of nobody", "{" + _many(400, lambda n: f'a{n}:node(id:"Q{n}"){{id}}') + "}")
    yield _ask("arguments: an identifier of 60,000 characters", f'{{node(id:"{"A" * 60_000}"){{id}}}}')
    yield _ask(
        "arguments: a day of no calendar",
        _subject(code, f'records(where:{{dayFrom:"{"9" * 50_000}"}}){{totalCount}}'),
        None,
        INVALID,
    )


def _search(name: str, first: int = 20) -> str:
    return f'{{searchSubjects(name:"{name}",first:{first}){{nodes{{name}}}}}}'


def _introspection() -> Iterator[Attack]:
    kind = "kind name"
    types = "fields{name type{%s}}"
    bomb = kind
    for _ in range(7):
        bomb = types % bomb
    yield _ask("introspection: of everything", _everything())
    yield _ask(
        "introspection: of everything, 25 times",
        "{" + _many(25, lambda n: f"a{n}:{_everything()[1:-1]}") + "}",
        None,
        COST,
        PARSE,
    )
    yield _ask(
        "introspection: fields of types of fields, 7 deep", f"{{__schema{{types{{{bomb}}}}}}}", None, COST, INVALID
    )
    yield _ask(
        "introspection: 190 ofTypes", f"{{__schema{{types{{fields{{type{{{'ofType{' * 190}name{'}' * 190}}}}}}}}}}}"
    )
    yield _ask(
        "introspection: descriptions under 900 aliases",
        "{__schema{types{fields{" + _many(900, lambda n: f"a{n}:description") + "}}}}",
        None,
        COST,
    )
    yield _ask(
        "introspection: 400 types by name", "{" + _many(400, lambda n: f'a{n}:__type(name:"Penalty"){{name}}') + "}"
    )
    yield _ask(
        "introspection: 200 times all fields of a type",
        "{" + _many(200, lambda n: f'a{n}:__type(name:"Penalty"){{fields{{name description}}}}') + "}",
    )
    yield _ask(
        "introspection: possible types of an interface, 6 deep",
        "{__schema{types{" + "possibleTypes{interfaces{" * 6 + "name" + "}}" * 6 + "}}}",
        None,
        COST,
        INVALID,
    )


def _everything() -> str:
    of_type = "kind name"
    for _ in range(7):
        of_type = f"kind name ofType{{{of_type}}}"
    inputs = f"name description type{{{of_type}}} defaultValue"
    return (
        "{__schema{queryType{name}types{kind name description "
        f"fields(includeDeprecated:true){{name description args{{{inputs}}}type{{{of_type}}}"
        "isDeprecated deprecationReason}"
        f"inputFields{{{inputs}}}interfaces{{{of_type}}}enumValues(includeDeprecated:true){{name description}}"
        f"possibleTypes{{{of_type}}}}}directives{{name description locations args{{{inputs}}}}}}}}}"
    )


def _unicode(code: str) -> Iterator[Attack]:
    yield Attack(name="unicode: a lone surrogate", body=b'{"query":"{a(b:\\"\\ud800\\")}"}', codes=frozenset({INPUT}))
    yield Attack(
        name="unicode: bytes that are no UTF-8",
        body=b'{"query":"' + b"\xff\xfe" * 9_000 + b'"}',
        codes=frozenset({INPUT}),
    )
    yield _ask("unicode: a lone surrogate by an escape of GraphQL", _subject("\\ud800", "name"), None, PARSE)
    yield _ask("unicode: NUL", "{me{actor\x00}}", None, PARSE)
    yield _ask("unicode: NUL in a name searched for", _search("\\u0000"))
    yield _ask("unicode: 20,000 right-to-left marks", "{me{" + "\u202e" * 20_000 + "actor}}", None, PARSE)
    yield _ask("unicode: 15,000 faces", _subject("😀" * 15_000, "name"))
    yield _ask("unicode: 20,000 BOMs", "\ufeff" * 20_000 + "{me{actor}}")
    yield _ask("unicode: 60,000 commas", "," * 60_000 + "{me{actor}}")
    yield _ask("unicode: 20,000 comments", "#\n" * 20_000 + "{me{actor}}")
    yield _ask("unicode: a name of 60,000 letters", "{" + "a" * 60_000 + "}", None, INVALID)
    yield _ask(
        "unicode: a subject under a name of 30,000 letters", "{" + "a" * 30_000 + f':subject(code:"{code}"){{name}}}}'
    )


def _envelope(code: str) -> Iterator[Attack]:
    name = "{me{actor}}"
    yield Attack(
        name="envelope: a batch of 2,000",
        body=b"[" + b",".join([b'{"query":"{me{actor}}"}'] * 2_000) + b"]",
        codes=frozenset({INPUT}),
    )
    yield Attack(
        name="envelope: 9,000 members of one name",
        body=b'{"query":"{me{actor}}",' + b",".join([b'"a":1'] * 9_000) + b"}",
    )
    yield Attack(name="envelope: an empty body", body=b"", codes=frozenset({INPUT}))
    yield Attack(name="envelope: half a body of JSON", body=b'{"query":"{me{actor}}', codes=frozenset({INPUT}))
    yield _ask("envelope: an operation of no name", name, None, INVALID, operationName="x" * 60_000)
    yield _ask("envelope: a mutation", "mutation{a}", None, INVALID)
    yield _ask("envelope: a subscription", "subscription{a}", None, INVALID)
    yield _ask("envelope: defer", "{...@defer{me{actor}}}", None, INVALID)
    yield _ask(
        "envelope: a purpose of 60,000 characters",
        name,
        None,
        "PURPOSE_REQUIRED",
        INPUT,
        extensions={"purpose": {"code": "X" * 60_000}},
    )
    yield _ask(
        "envelope: a purpose that is a list",
        name,
        None,
        INPUT,
        "PURPOSE_REQUIRED",
        extensions={"purpose": [[[1]]] * 900},
    )
    yield _ask(
        "envelope: a purpose with 3,000 members",
        _subject(code, "name"),
        None,
        INPUT,
        "PURPOSE_REQUIRED",
        extensions={"purpose": {"code": "PROCUREMENT_CHECK", "context": {f"k{n}": "v" for n in range(3_000)}}},
    )
    yield _ask(
        "envelope: a purpose header of junk", name, None, INPUT, "PURPOSE_REQUIRED", headers={"purpose": '"' * 4_000}
    )
    yield _ask(
        "envelope: a purpose header of 1,000 members",
        name,
        None,
        INPUT,
        "PURPOSE_REQUIRED",
        headers={"purpose": "A" + ";a=1" * 1_000},
    )
    yield _ask(
        "envelope: a persisted query of another text",
        name,
        None,
        INPUT,
        extensions={"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}},
    )
    yield Attack(
        name="envelope: a persisted query nobody sent",
        body=b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%s"}}}' % (b"0" * 64),
        codes=frozenset({"PERSISTED_QUERY_NOT_FOUND"}),
    )
    yield Attack(
        name="envelope: a persisted query of another version",
        body=b'{"extensions":{"persistedQuery":{"version":"%s","sha256Hash":[]}}}' % (b"9" * 60_000),
        codes=frozenset({INPUT}),
    )
    yield Attack(
        name="envelope: a document nobody registered",
        body=b'{"documentId":"sha256:%s"}' % (b"f" * 60_000),
        codes=frozenset({"PERSISTED_QUERY_NOT_FOUND"}),
    )
    yield _ask("envelope: an answer of another type", name, None, headers={"accept": "text/html;q=0.1," * 200 + "*/*"})


def _repeated(codes: Sequence[str], count: int) -> list[str]:
    return [codes[index % len(codes)] for index in range(count)]


def _quoted(codes: Sequence[str], count: int) -> list[str]:
    return [f'"{code}"' for code in _repeated(codes, count)]
