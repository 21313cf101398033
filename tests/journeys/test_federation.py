"""
The hub as a subgraph among others: three composers, and the gateways partners run, joining it for real.

`make test-federation`; the packages (Apollo, The Guild, WunderGraph) are installed by the test itself.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import pytest
from sqlalchemy import create_engine, insert

from hub.store import tables
from hub.store.tables import table_of
from schema.catalogue import CATALOGUE_VERSION, KINDS, Registration
from schema.graph.build import build_exchange
from schema.identifiers.uscc import compose
from tests.journeys.serving import Serving, running, serving
from tests.npm_tools import HERE, NpmProject, environment

pytestmark = pytest.mark.npm

CODES = [compose("91510100", f"MA6FED{number:02}") for number in range(3)]
UNKNOWN = compose("91510100", "MA6FED99")
PURPOSE = 'SUPERVISION;task="T-2026-7"'
JOIN = "{ me { actor partner purpose } tenders { id bidders { code bidsMade name status } } }"


@pytest.fixture(scope="module")
def npm() -> NpmProject:
    return NpmProject("federation")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Serving]:
    """A hub that knows three subjects."""
    directory = tmp_path_factory.mktemp("hub")
    shutil.copyfile(sqlite_template, directory / "hub.db")
    engine = create_engine(f"sqlite:///{directory}/hub.db")
    with engine.begin() as connection:
        connection.execute(insert(table_of(tables.Subject)), [_subject(code, n) for n, code in enumerate(CODES)])
        connection.execute(insert(table_of(tables.Record)), [_registration(code, n) for n, code in enumerate(CODES)])
    engine.dispose()
    with serving(directory, f"sqlite:///{directory}/hub.db") as one:
        yield one


def _subject(code: str, number: int) -> dict[str, Any]:
    at = "2026-11-20T00:00:00.000000Z"
    name = f"四川联邦测试{number}号电力工程有限公司"
    return {
        "code": code, "name": name, "name_key": name, "initials": f"sclbcs{number}", "status": "存续",
        "region": "510100", "version": 1, "first_seen_at": at, "changed_at": at,
    }  # fmt: skip


def _registration(code: str, number: int) -> dict[str, Any]:
    at = "2026-11-20T00:00:00.000000Z"
    body = Registration(name=f"四川联邦测试{number}号电力工程有限公司", code=code, status="存续", region="510100")
    return {
        "subject_code": code, "kind": "Registration", "record_key": f"r{number}", "version": 1, "digest": "sm3:00",
        "source": "national", "batch_id": "B", "as_of": at, "received_at": at, "state": "PUBLISHED",
        "region": "510100", "link_method": "uscc", "link_confidence": 1.0, "catalogue_version": CATALOGUE_VERSION,
        "objected": False, "published": False, "body": msgspec.msgpack.encode(body),
    }  # fmt: skip


@pytest.fixture(scope="module")
def tender(npm: NpmProject) -> Iterator[str]:
    """The buyer's subgraph, whose tender names two bidders twice over and one the hub has never heard of."""
    codes = [CODES[1], UNKNOWN, CODES[0]]
    with running(npm.command("tender.mjs", *codes), environment(), npm.directory) as line:
        yield json.loads(line)["url"]


def compose_with(npm: NpmProject, hub_url: str, tender_url: str, sdl: str, directory: Path) -> dict[str, Any]:
    subgraphs = [
        {"name": "hub", "url": hub_url, "sdl": sdl},
        {"name": "tender", "url": tender_url, "sdl": (HERE / "federation" / "tender.graphql").read_text()},
    ]
    path = directory / "subgraphs.json"
    path.write_text(json.dumps(subgraphs))
    composed: dict[str, Any] = npm.run("compose.mjs", str(path))
    return composed


def ask(url: str, query: str, **headers: str) -> dict[str, Any]:
    data = json.dumps({"query": query}).encode()
    request = Request(url, data, {"content-type": "application/json", **headers})  # noqa: S310  loopback
    with urlopen(request, timeout=60) as response:  # noqa: S310  loopback
        answer: dict[str, Any] = json.load(response)
        return answer


class TestComposers:
    @pytest.mark.parametrize("composer", ["apollo", "guild", "wundergraph"])
    @pytest.mark.parametrize("profile", ["built", "committed"])
    def test_plain_sdl_composes_with_a_second_subgraph(self, npm, tmp_path, composer, profile):
        committed = Path(__file__).parents[2] / "schema" / "hub.graphql"
        sdl = build_exchange(KINDS).plain_sdl if profile == "built" else committed.read_text()
        composed = compose_with(npm, "http://127.0.0.1:1/", "http://127.0.0.1:2/", sdl, tmp_path)

        assert [] == composed[composer]["errors"]
        assert composed[composer]["supergraph"]


@pytest.fixture(scope="module", params=["apollo", "hive-js", "hive-rust"])
def gateway(request, npm, hub, tender, tmp_path_factory) -> Iterator[str]:
    """A gateway over both subgraphs, the hub's SDL fetched from the hub as gateways do."""
    directory = tmp_path_factory.mktemp("gateway")
    sdl = ask(f"{hub.url}/graphql", "{ _service { sdl } }")["data"]["_service"]["sdl"]
    supergraph = directory / "supergraph.graphql"
    supergraph.write_text(compose_with(npm, f"{hub.url}/graphql", tender, sdl, directory)["apollo"]["supergraph"])
    program, _, planner = request.param.partition("-")
    command = npm.command(f"{program}.mjs", str(supergraph), *([planner] if planner else []))
    with ExitStack() as stack:
        line = stack.enter_context(running(command, environment(), npm.directory))
        yield json.loads(line)["url"]


@pytest.fixture(scope="module")
def token(hub: Serving) -> str:
    hub.hub(
        "partner", "add", "gateway-user", "--name", "四川省能源局(模拟)", "--actor", "LD",
        "--organisation", CODES[2], "--region", "51",
    )  # fmt: skip
    return hub.hub("partner", "token", "gateway-user").strip()


class TestGateways:
    def test_join_goes_through_entities_and_keeps_order_and_gaps(self, gateway, token):
        """The buyer's bidders carry what the hub knows of them, and an unknown one stays in its place."""
        bidders = ask(gateway, JOIN, authorization=f"Bearer {token}")["data"]["tenders"][0]["bidders"]

        assert [CODES[1], UNKNOWN, CODES[0]] == [each["code"] for each in bidders]
        assert ["四川联邦测试1号电力工程有限公司", None, "四川联邦测试0号电力工程有限公司"] == [
            each["name"] for each in bidders
        ]
        assert ["存续", None, "存续"] == [each["status"] for each in bidders]
        assert [1, 2, 3] == [each["bidsMade"] for each in bidders]

    def test_who_asks_and_why_is_forwarded(self, gateway, token):
        """Behind a gateway that can only pass headers, a partner is still itself, with its purpose."""
        me = ask(gateway, JOIN, authorization=f"Bearer {token}", purpose=PURPOSE)["data"]["me"]

        assert {"actor": "LD", "partner": "gateway-user", "purpose": "SUPERVISION"} == me

    def test_without_a_token_the_gateway_is_the_public(self, gateway):
        assert {"actor": "PU", "partner": None, "purpose": "PUBLIC_LOOKUP"} == ask(gateway, JOIN)["data"]["me"]

    def test_without_a_token_no_join_tells_of_several_subjects(self, gateway):
        """The public asks about one subject at a time, through a gateway as well; the buyer's own part is answered."""
        answer = ask(gateway, JOIN)
        bidders = answer["data"]["tenders"][0]["bidders"]

        assert [CODES[1], UNKNOWN, CODES[0]] == [each["code"] for each in bidders]
        assert [None, None, None] == [each["name"] for each in bidders]
        assert {"FORBIDDEN"} == {each["extensions"]["code"] for each in answer["errors"]}

    def test_bad_token_is_not_answered_as_the_public(self, gateway):
        answer = ask(gateway, "{ me { actor } }", authorization="Bearer nonsense")

        assert not (answer.get("data") or {}).get("me")
        assert answer["errors"]

    def test_denial_reaches_the_client_with_its_code(self, gateway):
        """`code`, `coordinate` and `count` survive the way through a gateway; the value is null."""
        answer = ask(
            gateway, f'{{ subject(code: "{CODES[0]}") {{ name registration {{ legalRepresentativeIdNo }} }} }}'
        )

        assert "四川联邦测试0号电力工程有限公司" == answer["data"]["subject"]["name"]
        assert ["UNAUTHORIZED_FIELD_OR_TYPE"] == [each["extensions"]["code"] for each in answer["errors"]]
        assert "Registration.legalRepresentativeIdNo" == answer["errors"][0]["extensions"]["coordinate"]
