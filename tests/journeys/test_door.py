"""The hub's door, as strangers meet it: the process users start, over a socket."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from hub.gateway.protocol import HEAD_MAX_BYTES
from tests.journeys.serving import HUB, Serving, serving, stop
from tests.npm_tools import NpmProject

AUDITS = 61
DEPARTMENT = "91510100MA6CTE400T"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Serving]:
    """One hub for all strangers: none of them can harm the next."""
    directory = tmp_path_factory.mktemp("hub")
    shutil.copyfile(sqlite_template, directory / "hub.db")
    with serving(directory, f"sqlite:///{directory}/hub.db") as running:
        yield running


def ask(hub: Serving, query: str, **headers: str) -> tuple[int, dict]:
    """POST a question; status and answer."""
    return send(hub, "POST", {"query": query}, **headers)


def send(hub: Serving, method: str, what: dict, **headers: str) -> tuple[int, dict]:
    """Send the parameters of a question, by POST or GET; status and answer."""
    if method == "GET":
        request = Request(f"{hub.url}/graphql?{urlencode(what)}", headers=headers)  # noqa: S310  http
    else:
        data = json.dumps(what).encode()
        request = Request(f"{hub.url}/graphql", data, {"content-type": "application/json", **headers})  # noqa: S310  http
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310  loopback
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)


def get(hub: Serving, path: str) -> tuple[int, bytes]:
    try:
        with urlopen(hub.url + path, timeout=30) as response:  # noqa: S310  loopback
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


async def raw(hub: Serving, data: bytes) -> bytes:
    """Send bytes that may be no request; everything that comes back."""
    where = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


class TestAudits:
    def test_graphql_http_finds_nothing_to_fault(self, hub):
        """Every audit of the third-party suite, against the hub itself."""
        results = NpmProject("audits").run("audit.mjs", f"{hub.url}/graphql")

        assert [] == [each for each in results if each["status"] != "ok"]
        assert AUDITS == len(results)


class TestPages:
    def test_operators_pages(self, hub):
        assert 200 == get(hub, "/healthz")[0]
        assert (200, "ready") == (get(hub, "/readyz")[0], json.loads(get(hub, "/readyz")[1])["status"])
        assert 200 == get(hub, "/freshz")[0]
        assert b"hub_requests_total" in get(hub, "/metrics")[1]

    def test_published_keys_are_public_halves(self, hub):
        keys = json.loads(get(hub, "/jwks.json")[1])["keys"]

        assert keys
        assert not any("d" in key for key in keys)


class TestPartners:
    def test_token_works_until_the_partner_is_suspended(self, hub):
        """A suspended partner is refused on its next request, though its token still runs."""
        hub.hub(
            "partner", "add", "sc-energy", "--name", "四川省能源局(模拟)", "--actor", "LD",
            "--organisation", DEPARTMENT, "--region", "51",
        )  # fmt: skip
        token = hub.hub("partner", "token", "sc-energy").strip()
        before = ask(hub, "{ me { actor partner regions } }", authorization=f"Bearer {token}")
        hub.hub("partner", "suspend", "sc-energy")
        suspended = ask(hub, "{ me { actor } }", authorization=f"Bearer {token}")
        hub.hub("partner", "resume", "sc-energy")
        after = ask(hub, "{ me { actor } }", authorization=f"Bearer {token}")

        assert {"actor": "LD", "partner": "sc-energy", "regions": ["51"]} == before[1]["data"]["me"]
        assert (401, "UNAUTHENTICATED") == (suspended[0], suspended[1]["errors"][0]["extensions"]["code"])
        assert 200 == after[0]

    @pytest.mark.parametrize(
        ("method", "what"),
        [
            ("POST", {}),
            ("POST", {"documentId": "sha256:" + "b" * 64}),
            ("POST", {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "b" * 64}}}),
            ("GET", {"query": "mutation { x }"}),
        ],
    )
    def test_suspended_partner_learns_nothing_from_a_question_that_names_no_document(self, hub, method, what):
        """It is refused as on any other question, though its token is remembered and no answer is committed."""
        name = f"sc-{len(repr(what))}"
        hub.hub("partner", "add", name, "--name", "四川省能源局(模拟)", "--actor", "LD", "--organisation", DEPARTMENT,
                "--region", "51")  # fmt: skip
        bearer = {"authorization": f"Bearer {hub.hub('partner', 'token', name).strip()}"}
        before = ask(hub, "{ me { actor } }", **bearer)[0], send(hub, method, what, **bearer)[0]
        hub.hub("partner", "suspend", name)
        status, answer = send(hub, method, what, **bearer)

        assert 200 == before[0]
        assert before[1] in {400, 405}
        assert (401, "UNAUTHENTICATED") == (status, answer["errors"][0]["extensions"]["code"])

    def test_no_token_is_the_public_and_a_bad_one_is_nobody(self, hub):
        public, bad = ask(hub, "{ me { actor } }"), ask(hub, "{ me { actor } }", authorization="Bearer nonsense")

        assert "PU" == public[1]["data"]["me"]["actor"]
        assert 401 == bad[0]
        assert "data" not in bad[1]


class TestHostileBytes:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"hello\r\n\r\n", 400),
            (b"GET /graphql HTTP/9.9\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
            (b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
            (b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nx: " + b"a" * (HEAD_MAX_BYTES + 10) + b"\r\n\r\n", 431),
            (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (HEAD_MAX_BYTES // 5), 431),
            (b"GET /" + b"a" * (HEAD_MAX_BYTES + 10), 431),
        ],
    )
    async def test_what_is_no_request_is_refused_in_json_and_hung_up_on(self, hub, data, status):
        answer = await raw(hub, data)

        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b'"code":"BAD_USER_INPUT"' in answer
        assert 200 == get(hub, "/healthz")[0]


class TestPlaces:
    """What counts among HUB_CONNECTIONS_MAX is given back, whatever a client sends."""

    @pytest.mark.parametrize("nonsense", [b"\x00\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000])
    def test_questions_with_nonsense_behind_them_hold_no_place(self, sqlite_url, tmp_path, nonsense):
        """Twenty-two such connections do not shut out the next client, nor hold up the end of the server."""
        short, asgi = (_post(path, b'{"query":"{ __typename }"}') for path in ("/graphql", "/graphql?x=1"))
        with serving(tmp_path, sqlite_url, HUB_CONNECTIONS_MAX="20") as own:
            for before in (short + short, short + asgi, asgi + asgi):
                for _ in range(22):
                    _send_and_hang_up(own, before + nonsense)
            answers = asyncio.run(raw(own, short + asgi + nonsense))
            status, metrics = get(own, "/metrics")
            stop(own.process)

        assert 2 == answers.count(b"HTTP/1.1 200 OK")
        assert 1 == answers.count(b"HTTP/1.1 4")
        assert answers.endswith(b"}")
        assert 200 == status
        assert b"hub_requests_under_way 1.0\n" in metrics
        log = (tmp_path / "hub.log").read_text()
        assert not any(word in log for word in ("Traceback", "never retrieved", "exceeded", '"failed"'))


def _post(path: str, body: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        path.encode(),
        len(body),
        body,
    )


def _send_and_hang_up(hub: Serving, data: bytes) -> None:
    where = urlsplit(hub.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as there:
        there.sendall(data)
        assert there.recv(1)


class TestEnd:
    def test_sigterm_ends_it_in_good_order(self, sqlite_url, tmp_path):
        with serving(tmp_path, sqlite_url) as own:
            answered = ask(own, "{ __typename }")[0]
            ended = stop(own.process)

        assert 200 == answered
        assert ended in {0, -signal.SIGTERM}
        assert "Traceback" not in (tmp_path / "hub.log").read_text()

    def test_store_without_tables_is_told_to_the_operator(self, tmp_path):
        environment = {"HUB_DATABASE_URL": f"sqlite:///{tmp_path}/none.db", "HUB_KEYS": f"file:{tmp_path}/keys"}
        done = subprocess.run(
            [str(HUB), "serve", "--port", "0"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

        assert 1 == done.returncode
        assert "hub migrate" in done.stderr
        assert "" == done.stdout
