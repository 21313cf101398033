"""The access log: known keys, bounded values, silent where it is told to be."""

import io
import json

import pytest

from hub.gateway.access import AccessLog
from hub.gateway.logs import KEYS, TEXT_MAX, make_log
from hub.gateway.trail import Trail


def told(trail: Trail, *, level: str = "info", method: str = "POST", status: int = 200) -> list[dict]:
    stream = io.StringIO()
    AccessLog(make_log(stream, level)).write(trail, method, status, 7, 0.0015)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestWrite:
    def test_everything_that_may_be_told_is_of_the_known_keys(self):
        trail = Trail("r", 0.0, "t", "graphql", "answered", "GC", "partner", "Profile", 3)
        (line,) = told(trail)

        assert set() == set(line) - KEYS
        assert {
            "event": "request", "level": "info", "request_id": "r", "trace_id": "t", "route": "graphql",
            "method": "POST", "status": 200, "outcome": "answered", "duration_ms": 1.5, "bytes": 7, "actor": "GC",
            "partner": "partner", "operation": "Profile", "denials": 3,
        } == {name: value for name, value in line.items() if name != "at"}  # fmt: skip

    def test_long_operation_name_is_cut(self):
        (line,) = told(Trail("r", operation="x" * 1000))

        assert TEXT_MAX + 1 == len(line["operation"])

    def test_method_of_the_clients_own_making_is_not_repeated(self):
        assert "other" == told(Trail("r"), method="张三")[0]["method"]

    @pytest.mark.parametrize(
        ("route", "status", "level", "lines"),
        [
            ("graphql", 200, "warning", 0),
            ("healthz", 200, "info", 0),
            ("readyz", 503, "info", 1),
            ("metrics", 200, "debug", 1),
        ],
    )
    def test_what_is_asked_every_second_is_told_only_when_it_fails(self, route, status, level, lines):
        assert lines == len(told(Trail("r", route=route), level=level, status=status))
