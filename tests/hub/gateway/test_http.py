"""The GraphQL endpoint: what it takes, what it refuses and how it says so."""

import asyncio
import hashlib
import json
from urllib.parse import quote

import pytest

from hub.errors import BadInputError, ErrorCode, PurposeRequiredError, RateLimitedError, UnavailableError
from hub.gateway.http import Limits
from tests.asgi import call
from tests.hub.gateway.conftest import JSON_HEADERS, STRICT, Client
from tests.hub.gateway.standin import Stand

HELLO = {"query": "{ hello }"}
SECRET = "四川宏达电力91510100MA6CTE400T"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class TestAnswer:
    async def test_post_is_answered(self, client):
        response = await client.post(HELLO)

        assert {"data": {"hello": "hello "}} == response.json
        assert (200, "application/json; charset=utf-8") == (response.status, response.headers["content-type"])

    async def test_question_reaches_the_road_as_it_came(self, client, stand):
        await client.post(
            {
                "query": "query A($n: Int) { hello(times: $n) }",
                "operationName": "A",
                "variables": {"n": 2},
                "extensions": {"purpose": {"code": "SUPERVISION"}},
            },
            ("purpose", 'PROCUREMENT_CHECK;tender="T-1"'),
        )
        ((question, caller),) = stand.road.asked

        assert "A" == question.operation_name
        assert {"n": 2} == question.variables
        assert {"purpose": {"code": "SUPERVISION"}} == question.extensions
        assert 'PROCUREMENT_CHECK;tender="T-1"' == question.purpose_header
        assert "POST" == question.method
        assert caller.is_public

    @pytest.mark.parametrize("body", [{"documentId": "x"}, {"documentId": "sha256:" + "0" * 64}])
    async def test_what_never_becomes_a_question_is_counted_and_told_what_is_left(self, client, stand, body):
        response = await client.post(body)

        assert [] == stand.road.asked
        assert 1 == len(stand.road.counted)
        assert '"requests-per-minute";r=1;t=2' == response.headers["ratelimit"]

    async def test_who_has_nothing_left_hears_that_and_not_what_else_was_wrong(self, client, stand):
        stand.road.trouble = RateLimitedError("Too often", retry_after_s=7)
        response = await client.post({"documentId": "x"})

        assert (429, "RATE_LIMITED", "7") == (response.status, response.code, response.headers["retry-after"])

    async def test_who_is_not_identified_is_not_counted(self, client, stand):
        await client.post({"documentId": "x"}, ("authorization", "Bearer nonsense"))

        assert [] == stand.road.counted

    async def test_null_members_are_as_absent(self, client):
        response = await client.post({**HELLO, "variables": None, "operationName": None, "extensions": None})

        assert 200 == response.status

    async def test_receipt_header_passes_but_no_header_of_the_road_replaces_ours(self, client):
        response = await client.post(HELLO)

        assert "7@log" == response.headers["hub-receipt"]
        assert "private, no-store" == response.headers["cache-control"]

    async def test_wholly_public_answer_may_be_kept_but_is_checked_at_every_use(self, client, stand):
        """A record may be withdrawn at any moment; no cache may show it a second longer."""
        stand.road.public = True
        response = await client.post(HELLO)

        assert "public, max-age=0, must-revalidate" == response.headers["cache-control"]
        assert "Accept, Authorization, Purpose" == response.headers["vary"]


class TestStatusOfRequestErrors:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("query ($n: Int!) { hello(times: $n) }", "BAD_USER_INPUT"),
        ],
    )
    async def test_400_only_where_the_client_understands_it(self, client, query, code):
        """Old clients of application/json treat any status but 200 as a broken network."""
        strict, old = await client.post({"query": query}, STRICT), await client.post({"query": query})

        assert (400, 200) == (strict.status, old.status)
        assert (code, code) == (strict.code, old.code)
        assert "data" not in strict.json

    @pytest.mark.parametrize(("refusal", "status"), [(PurposeRequiredError("no"), 403), (BadInputError("no"), 400)])
    async def test_a_refusal_of_the_road_is_told_in_the_body_to_old_clients(self, client, stand, refusal, status):
        stand.road.trouble = refusal
        strict, old = await client.post(HELLO, STRICT), await client.post(HELLO)

        assert (status, 200) == (strict.status, old.status)
        assert refusal.code == old.code

    async def test_rate_limit_is_429_with_retry_after_for_everyone(self, client, stand):
        stand.road.trouble = RateLimitedError("Too often", retry_after_s=7)
        response = await client.post(HELLO)

        assert (429, "7", "RATE_LIMITED") == (response.status, response.headers["retry-after"], response.code)

    async def test_unusable_log_is_503_and_nothing_leaves(self, client, stand):
        stand.road.trouble = UnavailableError("The audit log cannot be written", retry_after_s=3)
        response = await client.post(HELLO)

        assert (503, "3", "INTERNAL") == (response.status, response.headers["retry-after"], response.code)
        assert "data" not in response.json


class TestChangedCaller:
    async def test_asker_is_identified_anew_and_the_road_asked_again(self, client, stand):
        """A partner changed while its answer was made gets the answer of who it is now."""
        stand.road.changes = 3
        response = await client.post(HELLO, ("authorization", "Bearer t"))

        assert (200, {"data": {"hello": "hello "}}) == (response.status, response.json)
        assert (4, 4) == (len(stand.road.asked), stand.names.asked)

    async def test_asker_who_is_nobody_any_more_is_refused(self, client, stand):
        """Suspended between identification and answer: refused, not answered as it was."""
        stand.road.changes, stand.names.known_for = 1, 1
        response = await client.post(HELLO, ("authorization", "Bearer t"))

        assert (401, "UNAUTHENTICATED") == (response.status, response.code)
        assert "www-authenticate" in response.headers
        assert 1 == len(stand.road.asked)

    async def test_asker_who_never_stays_the_same_is_told_to_come_back(self, client, stand):
        stand.road.changes = 99
        response = await client.post(HELLO)

        assert (503, "INTERNAL", "1") == (response.status, response.code, response.headers["retry-after"])
        assert 4 == len(stand.road.asked)


class TestRevokedCaller:
    """Who was identified from memory is looked up anew where no commit of an answer would tell."""

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"documentId": "sha256:" + "b" * 64},
            {"documentId": "sha256:" + "a" * 64, "query": "{ hello }"},
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "b" * 64}}},
            {"extensions": {"persistedQuery": {"version": 2}}},
            {"query": "{ hello }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "b" * 64}}},
        ],
    )
    async def test_question_that_names_no_document_is_not_told_more_than_401(self, client, stand, body):
        stand.names.revoked = True
        response = await client.post(body, ("authorization", "Bearer t"))

        assert (401, "UNAUTHENTICATED") == (response.status, response.code)
        assert "www-authenticate" in response.headers
        assert [] == stand.road.asked

    async def test_get_that_would_change_something_is_not_told_more_than_401(self, client, stand):
        stand.names.revoked = True
        response = await client.raw("GET", "/graphql?query=mutation{change}", ("authorization", "Bearer t"))

        assert (401, "UNAUTHENTICATED") == (response.status, response.code)

    async def test_who_is_still_served_is_told_the_reason(self, client):
        assert "PERSISTED_QUERY_NOT_FOUND" == (await client.post({"documentId": "x"})).code
        assert 405 == (await client.raw("GET", "/graphql?query=mutation{change}")).status


class TestFaultsOfOurs:
    async def test_unforeseen_error_tells_nothing_and_logs_no_value(self, client, stand):
        """A driver's message may quote a record; neither client nor log sees it."""
        stand.road.trouble = RuntimeError(SECRET)
        response = await client.post(HELLO)

        assert (500, "INTERNAL") == (response.status, response.code)
        assert SECRET not in response.body.decode()
        assert SECRET not in stand.written.getvalue()
        assert '"error":"RuntimeError"' in stand.written.getvalue()

    async def test_recursion_in_the_road_is_the_clients_mistake(self, client, stand):
        stand.road.trouble = RecursionError()
        response = await client.post(HELLO, STRICT)

        assert (400, "GRAPHQL_PARSE_FAILED") == (response.status, response.code)

    async def test_no_answer_in_time_is_503(self):
        stand = Stand(limits=Limits(body_max_bytes=4096, url_max_bytes=2048, body_deadline_s=1, deadline_s=0.01))
        stand.road.pause = asyncio.Event()
        response = await Client(stand).post(HELLO)

        assert (503, "INTERNAL") == (response.status, response.code)
        assert "1" == response.headers["retry-after"]

    async def test_a_timeout_inside_the_road_is_not_taken_for_the_deadline(self, client, stand):
        stand.road.trouble = TimeoutError()
        response = await client.post(HELLO)

        assert 500 == response.status

    async def test_cancelled_request_is_cancelled(self, stand):
        stand.road.pause = asyncio.Event()
        task = asyncio.create_task(Client(stand).post(HELLO))
        await stand.road.arrived.wait()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


class TestBadBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"nope",
            b"null",
            b'"text"',
            b"7",
            b"true",
            b'{"query": "{ hello }"',
            b'{"query": "{ hello }",}',
            b"{'query': '{ hello }'}",
            b'{"query": NaN}',
            b'\xff\xfe{"query": "{ hello }"}',
            b'{"query": "\xc3\x28"}',
            b'{"query": "{ hello }", "variables": {"x": "\\ud800"}}',
            b'{"query": "{ hello }", "variables": {"x": "\xed\xa0\x80"}}',
            b'{"query": "{ hello }"}{"query": "{ hello }"}',
        ],
    )
    async def test_what_is_no_json_object_is_400(self, client, body):
        response = await client.post(body)

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("query", 1),
            ("query", {"a": 1}),
            ("query", ["{ hello }"]),
            ("query", True),
            ("operationName", 1),
            ("operationName", []),
            ("variables", "{}"),
            ("variables", [1]),
            ("variables", 0),
            ("variables", False),
            ("extensions", "x"),
            ("extensions", []),
            ("documentId", 7),
        ],
    )
    async def test_member_of_the_wrong_type_is_named_and_not_repeated(self, client, member, value):
        response = await client.post({**HELLO, member: value})

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert [member] == response.json["errors"][0]["extensions"]["place"]

    @pytest.mark.parametrize(
        "body",
        [
            b'{"query": "{ hello }", "query": "{ hello }"}',
            b'{"query": "{ hello }", "\\u0071uery": "{ hello }"}',
            b'{"query": "{ hello }", "extensions": {"purpose": {}}, "extensions": null}',
            b'{"query": "{ hello }", "extensions": {"purpose": {"code": "A"}, "purpose": {"code": "B"}}}',
            b'{"query": "{ hello }", "extensions": {"purpose": {"code": "A"}, "purpos\\u0065": null}}',
            b'{"query": "{ hello }", "extensions": {"purpose": {"code": "A", "code": "B"}}}',
            b'{"query": "{ hello }", "extensions": {"purpose": {"code": "A", "context": {"t": "1", "t": "2"}}}}',
            b'{"query": "{ hello }", "extensions": {"a/b": 1, "a\\/b": 1}}',
            b'{"query": "{ hello }", "extensions": {%s, "n7": 1}}' % b",".join(b'"n%d": 1' % n for n in range(99)),
            b'{"query": "{ hello }", "variables": {"x": %s}, "query": "{ hello }"}' % (b"9" * 300),
            b'{"query": "{ hello } \\u0022", "variables": {"x": "\\u0022"}, "query": "{ hello }"}',
            b'{"query": "{ hello }", "extensions": {"\\u5f20": 1, "\xe5\xbc\xa0": "\\u4e09"}}',
        ],
    )
    async def test_a_member_that_stands_twice_is_refused(self, stand, body):
        """One reader takes the first, another the last: the purpose would depend on who reads."""
        stand = Stand(limits=Limits(body_max_bytes=9999, url_max_bytes=99, body_deadline_s=1, deadline_s=1))
        response = await Client(stand).post(body)

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert "twice" in response.json["errors"][0]["message"]
        assert [] == stand.road.asked

    @pytest.mark.parametrize(
        "body",
        [
            b'{"query": "{ hello } # \\"query\\" \\u0071", "variables": {"query": "query", "code": "query"}}',
            b'{"query": "{ hello }", "extensions": {"query": {"extensions": 1}, "purpose": {"code": "code"}}}',
            b'{"query": "{ hello }", "variables": {"\\u5f20": [{"a": 1}, {"a": 1}]}, "extensions": {"purpose": []}}',
        ],
    )
    async def test_a_name_may_stand_again_elsewhere(self, client, body):
        assert {"data": {"hello": "hello "}} == (await client.post(body)).json

    async def test_missing_document_is_400(self, client):
        assert 400 == (await client.post({"variables": {}})).status

    async def test_batch_is_refused_clearly(self, client, stand):
        response = await client.post([HELLO, HELLO])

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert "Batches are not served" in response.json["errors"][0]["message"]
        assert [] == stand.road.asked

    @pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
    @pytest.mark.parametrize("depth", [65, 900, 1300])
    async def test_deep_json_is_400_not_500(self, bracket, depth):
        stand = Stand(limits=Limits(body_max_bytes=100_000, url_max_bytes=99, body_deadline_s=1, deadline_s=1))
        close = b"]" if bracket == b"[" else b"}"
        body = b'{"query": "{ hello }", "variables": {"x": ' + bracket * depth + b"1" + close * depth + b"}}"
        response = await Client(stand).post(body)

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)

    async def test_wide_json_is_not_taken_for_deep(self, client):
        response = await client.post({**HELLO, "variables": {"x": [[each] for each in range(200)]}})

        assert 200 == response.status


class TestSize:
    async def test_body_of_the_limit_passes_and_one_byte_more_does_not(self, client):
        fits = json.dumps({**HELLO, "x": ""}).encode()
        fits = fits.replace(b'"x": ""', b'"x": "' + b"a" * (4096 - len(fits)) + b'"')
        response = await client.post(fits), await client.post(fits + b" ")

        assert 4096 == len(fits)
        assert [200, 413] == [each.status for each in response]
        assert "close" == response[1].headers["connection"]

    async def test_declared_length_is_refused_before_the_body_is_read(self, client):
        response = await client.raw(
            "POST", "/graphql", *JSON_HEADERS, ("content-length", "5000000000"), chunks=[{"type": "unread"}]
        )

        assert 413 == response.status

    async def test_undeclared_length_is_counted_as_it_comes(self, client):
        chunks = [{"type": "http.request", "body": b"a" * 1500, "more_body": True} for _ in range(100)]
        response = await client.raw("POST", "/graphql", *JSON_HEADERS, chunks=chunks)

        assert 413 == response.status

    async def test_body_in_pieces_is_put_together(self, client):
        body = json.dumps(HELLO).encode()
        chunks = [{"type": "http.request", "body": body[i : i + 1], "more_body": True} for i in range(len(body))]
        chunks[-1]["more_body"] = False
        response = await client.raw("POST", "/graphql", *JSON_HEADERS, chunks=chunks)

        assert 200 == response.status

    async def test_slow_body_is_408(self, stand):
        stand = Stand(limits=Limits(body_max_bytes=4096, url_max_bytes=2048, body_deadline_s=0.01, deadline_s=5))
        status = []

        async def never():
            await asyncio.Event().wait()

        async def send(message):
            status.append(message.get("status"))

        scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": [
            (b"content-type", b"application/json")]}  # fmt: skip
        await stand.door(scope, never, send)

        assert 408 == status[0]

    async def test_client_that_leaves_half_way_is_not_answered_and_not_an_error(self, client, stand):
        response = await client.raw(
            "POST", "/graphql", *JSON_HEADERS, chunks=[{"type": "http.request", "body": b"{", "more_body": True}]
        )

        assert 0 == response.status
        assert [] == stand.road.asked
        assert "failed" not in stand.written.getvalue()

    async def test_long_query_string_is_414(self, client):
        response = await client.raw("GET", "/graphql?query=" + "a" * 2100)

        assert 414 == response.status


class TestMediaTypes:
    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/jsonp",
            "application/json; charset=gb18030",
            'application/json; charset="iso-8859-1"',
        ],
    )
    async def test_other_content_types_are_415(self, client, stand, content_type):
        """The simple types of HTML forms would let a foreign page make a browser ask."""
        headers = [] if content_type is None else [("content-type", content_type)]
        response = await client.raw("POST", "/graphql", *headers, body=b'{"query":"{ hello }"}')

        assert (415, "BAD_USER_INPUT") == (response.status, response.code)
        assert [] == stand.road.asked

    @pytest.mark.parametrize(
        "content_type",
        ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"', "application/json ; x=y"],
    )
    async def test_json_in_utf8_is_taken_however_it_is_spelt(self, client, content_type):
        response = await client.raw("POST", "/graphql", ("content-type", content_type), body=b'{"query":"{ hello }"}')

        assert 200 == response.status

    async def test_compressed_body_is_415(self, client):
        """What unpacks to gigabytes is not unpacked."""
        assert 415 == (await client.post(HELLO, ("content-encoding", "gzip"))).status

    @pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "application/json;charset=gbk"])
    async def test_nothing_acceptable_is_406_in_json(self, client, accept):
        response = await client.post(HELLO, ("accept", accept))

        assert (406, "BAD_USER_INPUT") == (response.status, response.code)


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "QUERY"])
    async def test_other_methods_are_405_and_told_which(self, client, method):
        response = await client.raw(method, "/graphql", *JSON_HEADERS)

        assert (405, "GET, POST") == (response.status, response.headers["allow"])

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_pages_of_another_origin_are_refused(self, client, stand, site, method):
        response = await client.raw(
            method, "/graphql?query={hello}", *JSON_HEADERS, ("sec-fetch-site", site), body=b'{"query":"{ hello }"}'
        )

        assert 403 == response.status
        assert [] == stand.road.asked

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    async def test_the_bundled_page_is_served(self, client, site):
        assert 200 == (await client.post(HELLO, ("sec-fetch-site", site))).status


class TestGet:
    async def test_query_is_answered(self, client):
        variables = quote('{"n":2}')
        response = await client.raw(
            "GET", f"/graphql?query={quote('query ($n: Int) { hello(times: $n) }')}&variables={variables}"
        )

        assert {"data": {"hello": "hello hello "}} == response.json

    @pytest.mark.parametrize(
        "query", ["mutation { change }", "mutation A { change } query B { hello }", "subscription { x }"]
    )
    async def test_only_queries(self, client, stand, query):
        response = await client.raw("GET", f"/graphql?query={quote(query)}", STRICT)

        assert (405, "POST") == (response.status, response.headers["allow"])
        assert [] == stand.road.asked

    async def test_query_beside_a_mutation_may_be_named(self, client):
        document = quote("mutation A { change } query B { hello }")
        responses = [await client.raw("GET", f"/graphql?query={document}&operationName={name}") for name in "AB"]

        assert [405, 200] == [each.status for each in responses]

    @pytest.mark.parametrize(
        "text",
        [
            "11010519491231002X",
            "11010519491231002x",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
        ],
    )
    @pytest.mark.parametrize("place", ["query", "variables", "other"])
    async def test_citizen_number_in_a_url_is_refused_and_not_repeated(self, client, stand, text, place):
        """URLs are kept in the logs of every proxy on the way."""
        values = {
            "query": f"query={quote(f'{{ hello }} # {text}')}",
            "variables": f"query={{hello}}&variables={quote(json.dumps({'x': text}, ensure_ascii=False))}",
            "other": f"query={{hello}}&x={quote(text)}",
        }
        response = await client.raw("GET", f"/graphql?{values[place]}")

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert text not in response.body.decode()
        assert [] == stand.road.asked
        assert text not in stand.written.getvalue()

    @pytest.mark.parametrize(
        "query_string",
        [
            "",
            "query=",
            "variables={}",
            "query={hello}&query={hello}",
            "query={hello}&variables=",
            "query={hello}&variables=[]",
            "query={hello}&variables=1",
            "query={hello}&variables=%7B",
            "query={hello}&extensions=%22x%22",
            'query={hello}&extensions={"purpose":{"code":"A","code":"B"}}',
            'query={hello}&extensions={"purpose":{},"purpose":{}}',
            "query=%ff%fe",
            "query=%ed%a0%80",
            "query={hello}" + "&a=b" * 20,
        ],
    )
    async def test_bad_parameters(self, client, query_string):
        response = await client.raw("GET", f"/graphql?{query_string}", STRICT)

        assert (200 if query_string == "query={hello}&variables=" else 400) == response.status

    async def test_deep_selection_is_400_not_500(self):
        stand = Stand(limits=Limits(body_max_bytes=4096, url_max_bytes=100_000, body_deadline_s=1, deadline_s=5))
        response = await Client(stand).raw("GET", f"/graphql?query={'{a' * 3000}{'}' * 3000}", STRICT)

        assert 400 == response.status

    async def test_browser_without_a_question_is_shown_the_page(self, tmp_path):
        stand = Stand(graphiql=tmp_path)
        response = await Client(stand).raw("GET", "/graphql", ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"))

        assert (303, "/graphiql") == (response.status, response.headers["location"])


class TestWho:
    @pytest.mark.parametrize("headers", [[("authorization", "Bearer u")], [("authorization", "Bearer t")] * 2])
    async def test_bad_token_is_401_with_a_challenge_whatever_the_media_type(self, client, stand, headers):
        for accept in (("accept", "application/json"), STRICT):
            response = await client.post(HELLO, accept, *headers)

            assert (401, "UNAUTHENTICATED") == (response.status, response.code)
            assert response.headers["www-authenticate"].startswith('Bearer realm="credit-exchange-hub", error="invalid')
        assert [] == stand.road.asked

    async def test_two_purposes_are_refused(self, client, stand):
        """A proxy would log the one, we would take the other."""
        response = await client.post(HELLO, ("purpose", "SUPERVISION"), ("purpose", "SUPERVISION"))

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert [] == stand.road.asked

    @pytest.mark.parametrize("name", ["access_token", "access%5Ftoken"])
    @pytest.mark.parametrize("value", ["=t-secret", "", "="])
    async def test_a_token_in_the_url_is_refused(self, client, stand, name, value):
        """Answered as the public it would mislead, and urge nobody to take the token out of the logs."""
        response = await client.raw("GET", f"/graphql?query={{hello}}&{name}{value}")
        posted = await client.raw("POST", f"/graphql?{name}{value}", *JSON_HEADERS, body=json.dumps(HELLO).encode())

        for each in (response, posted):
            assert (400, "BAD_USER_INPUT") == (each.status, each.code)
            assert "Authorization" in each.json["errors"][0]["message"]
            assert "t-secret" not in each.body.decode()
        assert [] == stand.road.asked
        assert "t-secret" not in stand.written.getvalue()

    @pytest.mark.parametrize("value", ["t-secret", None, {}])
    async def test_a_token_in_the_body_is_refused(self, client, stand, value):
        response = await client.post({**HELLO, "access_token": value})

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)
        assert "t-secret" not in response.body.decode()
        assert [] == stand.road.asked


class TestPersistedQueries:
    def wish(self, digest: str, version: int = 1) -> dict[str, object]:
        return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": digest}}}

    async def test_sent_once_then_named(self, client):
        digest = sha256("{ hello }")
        unknown = await client.post(self.wish(digest))
        sent = await client.post({**HELLO, **self.wish(digest)})
        named = await client.post(self.wish(digest))

        assert ("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound") == (
            unknown.code,
            unknown.json["errors"][0]["message"],
        )
        assert {"data": {"hello": "hello "}} == sent.json == named.json

    async def test_text_under_a_foreign_hash_is_refused_and_not_kept(self, client):
        """Else one partner could make another's hash mean its own document."""
        digest = sha256("{ __typename }")
        poisoned = await client.post({**HELLO, **self.wish(digest)})
        after = await client.post(self.wish(digest))

        assert (400, "BAD_USER_INPUT") == (poisoned.status, poisoned.code)
        assert "PERSISTED_QUERY_NOT_FOUND" == after.code

    @pytest.mark.parametrize(
        "extension",
        [
            None,
            1,
            [],
            {},
            {"version": 2, "sha256Hash": "a" * 64},
            {"version": 1},
            {"version": 1, "sha256Hash": 5},
            {"version": 1, "sha256Hash": "a" * 63},
            {"version": 1, "sha256Hash": "A" * 64},
            {"version": 1, "sha256Hash": "../" + "a" * 61},
        ],
    )
    async def test_bad_extension_is_400(self, client, extension):
        response = await client.post({**HELLO, "extensions": {"persistedQuery": extension}})

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)

    async def test_memory_is_bounded_and_the_oldest_leaves(self, client):
        texts = [f"{{ hello }} # {number}" for number in range(4)]
        for text in texts:
            await client.post({"query": text, **self.wish(sha256(text))})
        codes = [(await client.post(self.wish(sha256(text)))).json.get("data") is not None for text in texts]

        assert [False, True, True, True] == codes

    async def test_large_document_is_answered_but_not_kept(self, client):
        text = "{ hello } #" + "x" * 600
        first = await client.post({"query": text, **self.wish(sha256(text))})
        second = await client.post(self.wish(sha256(text)))

        assert 200 == first.status
        assert "PERSISTED_QUERY_NOT_FOUND" == second.code

    async def test_trusted_document_is_found_by_id_and_by_hash(self, client, stand):
        by_id = await client.post({"documentId": "sha256:" + "a" * 64})
        by_hash = await client.post(self.wish("a" * 64))

        assert {"data": {"hello": "hello "}} == by_id.json == by_hash.json
        assert all(question.registered for question, _ in stand.road.asked)

    @pytest.mark.parametrize("document_id", ["sha256:" + "b" * 64, "", "x", "sha256:", "a" * 64])
    async def test_unknown_document_id(self, client, document_id):
        assert "PERSISTED_QUERY_NOT_FOUND" == (await client.post({"documentId": document_id})).code

    async def test_document_and_id_together_are_refused(self, client):
        response = await client.post({**HELLO, "documentId": "sha256:" + "a" * 64})

        assert (400, "BAD_USER_INPUT") == (response.status, response.code)

    async def test_persisted_mutation_cannot_be_run_by_get(self, client):
        text = "mutation { change }"
        await client.post({"query": text, **self.wish(sha256(text))})
        extensions = quote(json.dumps(self.wish(sha256(text))["extensions"]))
        response = await client.raw("GET", f"/graphql?extensions={extensions}")

        assert 405 == response.status


class TestNames:
    @pytest.mark.parametrize("given", ["a", "req-7.X_9", "a9" * 32, "2026-03-05.12345", "12345678901234"])
    async def test_sane_request_id_is_kept(self, client, given):
        assert given == (await client.post(HELLO, ("x-request-id", given))).headers["x-request-id"]

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "a b",
            "x" * 65,
            "张三",
            'a"b',
            "id-11010519491231002X",
            "110105194912310021",
            "510105491231002",
            "a51.0105-49__1231.-_002z",
            "110105-19491231-002X",
            "9" * 64,
        ],
    )
    async def test_strange_request_id_is_replaced(self, client, stand, given):
        given = given.encode().decode("latin-1")
        response = await client.post(HELLO, ("x-request-id", given))

        assert 32 == len(response.headers["x-request-id"])
        assert given == "" or given not in stand.written.getvalue()

    async def test_trace_goes_on_as_a_child(self, client, stand):
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        await client.post(HELLO, ("traceparent", parent))
        child = stand.road.asked[0][0].traceparent

        assert parent[:35] == child[:35]
        assert parent[36:52] != child[36:52]
        assert "01" == child[53:]

    @pytest.mark.parametrize(
        "parent",
        [
            "",
            "00-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ],
    )
    async def test_broken_trace_is_as_absent(self, client, stand, parent):
        await client.post(HELLO, ("traceparent", parent))
        begun = stand.road.asked[0][0].traceparent

        assert 55 == len(begun)
        assert begun.endswith("-00")
        assert "4bf92f3577b34da6a3ce929d0e0e4736" not in begun


class TestLogs:
    async def test_neither_document_nor_variables_nor_names_are_logged(self, client, stand):
        """The log says that something was asked, by what kind of asker, and how it went."""
        await client.post(
            {
                "query": f"query {'SecretName'} {{ hello }} # {SECRET}",
                "operationName": "SecretName",
                "variables": {"name": SECRET},
            },
            ("user-agent", SECRET.encode().decode("latin-1")),
            ("purpose", "SECRET"),
        )
        (line,) = [json.loads(each) for each in stand.written.getvalue().splitlines()]

        assert {"event", "level", "at", "request_id", "trace_id", "route", "method", "status", "outcome",
                "duration_ms", "bytes", "actor"} == set(line)  # fmt: skip
        assert ("graphql", "POST", 200, "answered", "PU") == (
            line["route"], line["method"], line["status"], line["outcome"], line["actor"],
        )  # fmt: skip
        assert not any(word in stand.written.getvalue() for word in (SECRET, "SecretName", "SECRET"))

    async def test_operation_name_of_a_registered_document_is_logged(self):
        stand = Stand(documents={"sha256:" + "c" * 64: "query Profile { hello }"})
        await Client(stand).post({"documentId": "sha256:" + "c" * 64, "operationName": "Profile"})

        assert '"operation":"Profile"' in stand.written.getvalue()

    @pytest.mark.parametrize(
        "text",
        [
            "query Profile { hello }",
            "{ hello }",
            "fragment F110105194912310021 on Query { hello } { ...F110105194912310021 }",
            "query A { a: hello } # F110105194912310021",
            "{",
            "{" * 5000,
        ],
    )
    async def test_name_that_a_registered_document_does_not_have_is_not_logged(self, text):
        """It is the client's free text, a citizen's number perhaps, whatever the document is."""
        document_id = "sha256:" + "c" * 64
        stand = Stand(documents={document_id: text})
        client = Client(stand)
        by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "c" * 64}}}
        for named in ({"documentId": document_id}, by_hash):
            await client.post({**named, "operationName": "F110105194912310021"})

        assert "110105194912310021" not in stand.written.getvalue()
        assert '"operation"' not in stand.written.getvalue()

    async def test_name_that_the_document_has_is_logged_however_many_others_were_tried(self):
        """What was found once is remembered, of so many documents, and found again when forgotten."""
        ids = [f"sha256:{number:064x}" for number in range(3)]
        texts = [f"query A{number} {{ hello }} query B {{ hello }}" for number in range(3)]
        stand = Stand(documents=dict(zip(ids, texts, strict=True)), names_max=2)
        client = Client(stand)
        for number in (0, 1, 2, 0):
            for name in (f"A{number}", "B", "A9"):
                await client.post({"documentId": ids[number], "operationName": name})
        lines = [json.loads(each) for each in stand.written.getvalue().splitlines()]

        assert ["A0", "B", None, "A1", "B", None, "A2", "B", None, "A0", "B", None] == [
            line.get("operation") for line in lines
        ]

    async def test_path_and_query_string_are_not_logged(self, client, stand):
        await client.raw("GET", f"/{quote(SECRET)}?x={quote(SECRET)}")

        assert '"route":"other"' in stand.written.getvalue()
        assert "91510100" not in stand.written.getvalue()


class TestErrorsAreClosed:
    async def test_every_code_is_of_the_list(self, client, stand):
        bodies = [b"{", {"query": "{"}, {"query": "{ x }"}, [], {}, {"documentId": "x"}]
        responses = [await client.post(body) for body in bodies]

        assert set() == {response.code for response in responses} - set(ErrorCode)


async def test_unknown_path_is_404(stand):
    assert 404 == (await call(stand.door, "GET", "/nothing")).status
