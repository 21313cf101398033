"""Read `[streams.NAME]` of a site description, key by key; every mistake names its key and what was expected."""

import re
from collections.abc import Mapping
from enum import StrEnum

import jsonpath

from connectors.mapping import FieldMap, TimeFormat, parse_condition, parse_map, zone_of
from connectors.port import EXTRA_COLUMNS
from connectors.stream_config import (
    CursorConfig,
    Expectation,
    PageKind,
    PageStop,
    Paginate,
    Request,
    StreamConfig,
    Success,
    Tombstone,
    TombstoneKind,
)
from connectors.toml_reader import TableReader
from schema.catalogue import KINDS
from schema.catalogue.model import Record, fields_of

PLACEHOLDERS = frozenset({"cursor", "page", "size", "offset", "token"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ROWS = re.compile(r">=\s*(\d{1,9})\s+per\s+(\d{1,4})(h|d)")
_SPAN_SECONDS = {"h": 3600, "d": 86400}


class MapBase(StrEnum):
    """What a map starts from: nothing, the national column codes, or the catalogue's GraphQL names."""

    NONE = "none"
    CATALOGUE = "catalogue"
    API = "api"


def parse_stream(name: str, table: TableReader) -> StreamConfig:
    """Read `[streams.NAME]`. Raises `SiteConfigError` with the key path."""
    kind = table.text("kind", zh=f"目录类别: {', '.join(KINDS)}", en=f"a catalogue kind: {', '.join(KINDS)}")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise table.error("kind", f"目录类别: {known}", f"a catalogue kind: {known}")
    record = KINDS[kind]
    fields = frozenset(spec.name for spec in fields_of(record))
    label = table.find_table("label")
    config = StreamConfig(
        name=name,
        kind=kind,
        label_zh=label.text("zh") if label else record.ZH,
        label_en=label.text("en") if label else record.EN,
        place=table.find_text("place", r"[^\x00-\x1f]{1,128}"),
        table=table.find_text("table"),
        request=_request(table.find_table("request")),
        records=_records(table),
        paginate=_paginate(table.find_table("paginate")),
        cursor=_cursor(table.find_table("cursor")),
        success=_success(table.find_table("success")),
        key=_key(table, fields),
        row_id=table.find_text("row_id"),
        op=table.find_text("op"),
        schedule=_schedule(table.find_table("schedule")),
        expect=_expect(table.find_table("expect"), fields),
        tombstone=_tombstone(table.find_table("tombstone")),
        map_version=table.find_text("map_version") or "1",
        map=_map(table, record, fields),
        extra=parse_map(extra, EXTRA_COLUMNS) if (extra := table.find_table("extra")) else FieldMap(entries={}),
    )
    if label:
        label.finish()
    table.finish()
    return config


def _records(table: TableReader) -> jsonpath.JSONPath | None:
    text = table.find_text("records", r"\$.*\[\*\]", zh="以 [*] 结尾的 JSONPath", en="a JSONPath that ends with [*]")
    if text is None:
        return None
    path_of(table, "records")
    return jsonpath.JSONPathEnvironment(strict=True).compile(text.removesuffix("[*]"))  # type: ignore[return-value]


def path_of(table: TableReader, key: str) -> jsonpath.JSONPath | None:
    """JSONPath (RFC 9535) of *key*, None if absent."""
    text = table.find_text(key)
    if text is None:
        return None
    try:
        found = jsonpath.JSONPathEnvironment(strict=True).compile(text)
    except jsonpath.JSONPathError:
        found = None
    if not isinstance(found, jsonpath.JSONPath):
        raise table.error(key, "JSONPath, 如 $.data.rows[*]", "a JSONPath (RFC 9535) like $.data.rows[*]")
    return found


def _request(table: TableReader | None) -> Request | None:
    if table is None:
        return None
    method = table.find_text("method", "GET|POST", zh="GET 或 POST", en="GET or POST") or "GET"
    query = table.find_table("query")
    body = table.take("json")
    if body is not None and not isinstance(body, dict):
        raise table.error("json", "表", "a table")
    if body is not None and method == "GET":
        raise table.error("json", "GET 不带请求体", "no body with GET")
    request = Request(
        method="POST" if method == "POST" else "GET",
        path=table.text("path", r"/[^\s?#\\]{0,512}", zh="以 / 开头的路径", en="a path that starts with /"),
        query={key: query.text(key) for key in query.keys()} if query else {},  # noqa: SIM118  a reader, not a mapping
        json=body,
    )
    unknown = _placeholders_in([request.path, dict(request.query), body]) - PLACEHOLDERS
    if unknown:
        known = ", ".join(f"{{{each}}}" for each in sorted(PLACEHOLDERS))
        raise table.error("path", f"已知占位符: {known}", f"known placeholders: {known}")
    table.finish()
    return request


def _placeholders_in(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(_PLACEHOLDER.findall(value))
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return frozenset().union(*(_placeholders_in(each) for each in value))
    return frozenset()


def _paginate(table: TableReader | None) -> Paginate:
    if table is None:
        return Paginate(kind=PageKind.NONE)
    kind = table.choice("type", PageKind)
    config = Paginate(
        kind=kind,
        start=table.integer("start", 0 if kind is PageKind.OFFSET else 1, 0, 1_000_000),
        size=table.integer("size", 500, 1, 10_000),
        stop=table.choice("stop", PageStop, PageStop.EMPTY),
        next=path_of(table, "next"),
        total=path_of(table, "total"),
    )
    if kind is PageKind.TOKEN and config.next is None:
        raise table.error("next", "下一页令牌的 JSONPath(必填)", "the JSONPath of the next token (required)")
    if config.stop is PageStop.TOTAL and config.total is None:
        raise table.error("total", "总数的 JSONPath(必填)", "the JSONPath of the total (required)")
    table.finish()
    return config


def _cursor(table: TableReader | None) -> CursorConfig | None:
    if table is None:
        return None
    zone = zone_of(table.find_text("tz") or "UTC")
    if zone is None:
        raise table.error("tz", "Asia/Shanghai, UTC 或 +08:00", "Asia/Shanghai, UTC or an offset like +08:00")
    text = table.find_text("format") or "iso"
    if "%" not in text and text not in {"iso", "epoch_s", "epoch_ms"}:
        known = "strptime, iso, epoch_s, epoch_ms"
        raise table.error("format", f"时间格式: {known}", f"a time format: {known}")
    config = CursorConfig(
        column=table.text("field"),
        format=TimeFormat(text=text, zone=zone),
        lag_s=table.span_s("lag", 0),
        initial=table.find_text("initial") or "",
    )
    table.finish()
    return config


def _success(table: TableReader | None) -> Success | None:
    if table is None:
        return None
    path = path_of(table, "path")
    ok = table.texts("ok")
    if path is None or not ok:
        raise table.error("path" if path is None else "ok", "必填", "a value (required)")
    config = Success(path=path, ok=frozenset(ok), retry=frozenset(table.texts("retry")))
    table.finish()
    return config


def _key(table: TableReader, fields: frozenset[str]) -> tuple[str, ...]:
    key = table.texts("key")
    if not set(key) <= fields:
        known = ", ".join(sorted(fields))
        raise table.error("key", f"目录字段: {known}", f"catalogue fields: {known}")
    return key


def _schedule(table: TableReader | None) -> Mapping[str, str]:
    if table is None:
        return {}
    found = {key: table.text(key) for key in ("full", "delta") if table.has(key)}
    table.finish()
    return found


def _expect(table: TableReader | None, fields: frozenset[str]) -> Expectation:
    if table is None:
        return Expectation()
    rows, per_s = 0, 0
    text = table.find_text("rows", _ROWS.pattern, zh='">=1 per 7d"', en='text like ">=1 per 7d"')
    if text and (found := _ROWS.fullmatch(text)):
        rows, per_s = int(found[1]), int(found[2]) * _SPAN_SECONDS[found[3]]
    rates: dict[str, float] = {}
    nulls = table.find_table("null_rate")
    for key in nulls.keys() if nulls else ():
        value = nulls.take(key) if nulls else None
        if key not in fields or isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise table.error(f"null_rate.{key}", "目录字段与 0..1 的比例", "a catalogue field and a share 0..1")
        rates[key] = float(value)
    table.finish()
    return Expectation(rows=rows, per_s=per_s, null_rate=rates)


def _tombstone(table: TableReader | None) -> Tombstone | None:
    if table is None:
        return None
    condition = parse_condition(table.text("when"))
    if condition is None:
        raise table.error("when", "列 == '值' 或 列 != '值'", "a condition like column == 'text'")
    config = Tombstone(when=condition, kind=table.choice("type", TombstoneKind))
    table.finish()
    return config


def _map(table: TableReader, record: type[Record], fields: frozenset[str]) -> FieldMap:
    base = table.choice("base", MapBase, MapBase.NONE)
    columns: dict[str, str] = {}
    if base is MapBase.CATALOGUE:
        columns = {spec.name: spec.field.code for spec in fields_of(record) if spec.field.code}
    elif base is MapBase.API:
        columns = {spec.name: spec.api_name for spec in fields_of(record)}
    if base is not MapBase.NONE and not columns:
        raise table.error("base", "有国家栏目代码的类别", "a kind that has national column codes")
    own = table.find_table("map") if columns else table.table("map")
    empty = TableReader({}, file=table.file, path=table.path_of("map"))
    return parse_map(own or empty, fields, base=columns, values=_values(table.find_table("values")))


def _values(table: TableReader | None) -> Mapping[str, Mapping[str, str]]:
    if table is None:
        return {}
    found: dict[str, Mapping[str, str]] = {}
    for name in table.keys():  # noqa: SIM118  a reader, not a mapping
        codes = table.table(name)
        found[name] = {code: codes.text(code) for code in codes.keys()}  # noqa: SIM118  a reader, not a mapping
    return found
