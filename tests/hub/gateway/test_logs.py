"""Logs: known keys only."""

import io
import json
import logging
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.logs import KEYS, TEXT_MAX, StandardLogs, make_log


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


class TestMakeLog:
    @given(st.text(max_size=30), st.text(max_size=30))
    def test_unknown_key_is_dropped_with_its_value(self, key, value):
        stream = io.StringIO()
        make_log(stream, "info").info("request", **({key: value} if key not in KEYS | {"event"} else {}))
        (line,) = lines(stream)

        assert key in KEYS | {"event"} or key not in line

    def test_dropped_keys_are_named(self):
        stream = io.StringIO()
        make_log(stream, "info").info("request", status=200, variables={"name": "张三"}, document="{ secret }")
        (line,) = lines(stream)

        assert ["document", "variables"] == line["dropped"]
        assert "张三" not in stream.getvalue()
        assert "secret" not in stream.getvalue()

    def test_long_text_is_cut(self):
        stream = io.StringIO()
        make_log(stream, "info").info("x" * 1000)

        assert TEXT_MAX + 1 == len(lines(stream)[0]["event"])

    def test_lower_levels_are_silent(self):
        stream = io.StringIO()
        log = make_log(stream, "warning")
        log.info("no")
        log.debug("no")
        log.warning("yes")

        assert ["yes"] == [line["event"] for line in lines(stream)]

    def test_time_is_utc(self):
        stream = io.StringIO()
        make_log(stream, "info").info("now")

        assert UTC == datetime.fromisoformat(lines(stream)[0]["at"]).tzinfo


class TestStandardLogs:
    def test_library_says_that_and_where_not_what(self):
        stream = io.StringIO()
        logger = logging.getLogger("tests.library")
        logger.addHandler(StandardLogs(make_log(stream, "info")))
        logger.propagate = False
        try:
            int("张三 510101199001011234")
        except ValueError:
            logger.exception("while reading %s", "张三")
        (line,) = lines(stream)

        assert ("library", "tests.library", "ValueError", "error") == (
            line["event"], line["logger"], line["error"], line["level"],
        )  # fmt: skip
        assert "张三" not in stream.getvalue()
