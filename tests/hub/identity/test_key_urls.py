"""Keys read from a partner's URL: never from inside our network, never much of it, never for long."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from aiohttp import web

from hub.identity.client_keys import new_client_key, public_part
from hub.identity.key_urls import KeyUrlError, is_public, read_keys

KEY = {**public_part(new_client_key("ES256")), "kid": "k"}
SET = json.dumps({"keys": [KEY]}).encode()


@asynccontextmanager
async def site(answer):
    """A site on loopback that answers everything by *answer*; its address, and how often it was asked."""
    asked = []

    async def handle(request):
        asked.append(request.path)
        return await answer(request) if asyncio.iscoroutinefunction(answer) else answer

    app = web.Application()
    app.router.add_get("/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    port = listening._server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", asked
    finally:
        await runner.cleanup()


def shown(body=SET, **more):
    return web.Response(**{"body": body, "content_type": "application/jwk-set+json", **more})


async def refusal(url, **more) -> str:
    with pytest.raises(KeyUrlError) as caught:
        await read_keys(url, **{"local": True, "deadline_s": 2.0, **more})
    return str(caught.value)


class TestReadKeys:
    @pytest.mark.parametrize("kind", ["application/json", "application/jwk-set+json"])
    async def test_a_set_is_read(self, kind):
        async with site(shown(content_type=kind)) as (url, _):
            (key,) = await read_keys(f"{url}/jwks.json", local=True)

        assert "k" == key.kid

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (shown(status=500), "not 200"),
            (shown(status=404), "not 200"),
            (shown(status=204), "not 200"),
            (shown(content_type="text/html"), "not plain JSON"),
            (shown(headers={"content-encoding": "gzip"}), "not plain JSON"),
            (shown(b"{}"), "JWK Set"),
            (shown(b""), "JSON"),
            (shown(SET + b" " * 65_536), "longer"),
            (shown(json.dumps({"keys": [{**KEY, "d": "x"}]}).encode()), "burnt"),
            (shown(json.dumps({"keys": [KEY, KEY]}).encode()), "same kid"),
            (shown(json.dumps({"keys": [{**KEY, "alg": "HS256"}]}).encode()), "alg"),
            (shown(json.dumps({"keys": [KEY] * 21}).encode()), "more than 20"),
        ],
    )
    async def test_refused(self, answer, says):
        async with site(answer) as (url, _):
            assert says in await refusal(f"{url}/jwks.json")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_no_redirect_is_followed(self, status):
        async with (
            site(shown()) as (target, asked),
            site(shown(status=status, headers={"location": target})) as (url, _),
        ):
            said = await refusal(f"{url}/jwks.json")

        assert "not 200" in said
        assert [] == asked

    async def test_an_endless_answer_ends_at_its_size(self):
        async def endless(request):
            response = web.StreamResponse(headers={"content-type": "application/json"})
            await response.prepare(request)
            while True:
                await response.write(b" " * 8_192)

        async with site(endless) as (url, _):
            assert "longer" in await refusal(f"{url}/x")

    async def test_a_site_that_does_not_answer_is_left(self):
        async def silent(_request):
            await asyncio.Event().wait()

        async with site(silent) as (url, _):
            assert "nothing came" in await refusal(f"{url}/x", deadline_s=0.2)

    async def test_nobody_listens(self):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))

            assert "could not be read" in await refusal(f"http://127.0.0.1:{held.getsockname()[1]}/x")

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1:8443/x", "https://localhost:8443/x", "https://[::1]:8443/x", "https://10.0.0.1/x",
            "https://169.254.169.254/latest/meta-data", "https://192.168.1.1/x", "https://172.16.0.1/x",
            "https://0.0.0.0/x", "https://[fd00::1]/x", "https://[fe80::1]/x", "https://224.0.0.1/x",
            "https://100.64.0.1/x", "https://[::ffff:127.0.0.1]/x", "https://[::ffff:10.0.0.1]/x",
            "https://[64:ff9b::7f00:1]/x", "https://[2002:7f00:1::]/x", "https://[::]/x", "https://2130706433/x",
            "https://0x7f.1/x", "https://127.1/x", "https://198.18.0.1/x", "https://255.255.255.255/x",
        ],
    )  # fmt: skip
    async def test_no_address_inside_is_ever_asked(self, url):
        """In whatever spelling."""
        said = await refusal(url, local=False)

        assert "not a public one" in said or "could not be read" in said

    @pytest.mark.parametrize(
        "url",
        ["http://203.0.114.1/x", "https://u@203.0.114.1/x", "https://u:p@203.0.114.1/x", "https://203.0.114.1/x#f",
         "https://203.0.114.1:22/x", "https://203.0.114.1:25/x", "https://203.0.114.1:80/x", "file:///etc/passwd",
         "gopher://203.0.114.1/x", "x", ""],
    )  # fmt: skip
    async def test_no_other_url_is_asked(self, url):
        assert "nothing came" not in await refusal(url, local=False)

    async def test_a_name_that_leads_inside_is_refused(self, monkeypatch):
        """One bad address among good ones is enough."""
        async with site(shown()) as (url, asked):
            port = int(url.rsplit(":", 1)[1])
            names = {"evil.example": ["93.184.216.34", "127.0.0.1"]}
            _answer_names(monkeypatch, names)
            said = await refusal(f"https://evil.example:{port}/x", local=False)

        assert "not a public one" in said
        assert [] == asked

    async def test_a_name_that_changes_its_mind_leads_where_it_was_checked(self, monkeypatch):
        """DNS rebinding: the name is asked once, and the connection goes to that answer."""
        async with site(shown()) as (url, asked):
            port = int(url.rsplit(":", 1)[1])
            answers = iter([["127.0.0.1"], ["127.0.0.9"]])
            seen = _answer_names(monkeypatch, {"keys.example": answers})
            (key,) = await read_keys(f"http://keys.example:{port}/x", local=True)

        assert "k" == key.kid
        assert (["keys.example"], ["/x"]) == (seen, asked)


def _answer_names(monkeypatch, names):
    """Answer for some names as their owner would; what was asked."""
    asked = []
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *rest, **more):
        if host not in names:
            return real(host, port, *rest, **more)
        asked.append(host)
        known = names[host]
        addresses = known if isinstance(known, list) else next(known)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


class TestIsPublic:
    @pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "114.114.114.114"])
    def test_public(self, text):
        assert is_public(ip_address(text))

    @pytest.mark.parametrize(
        "text",
        ["127.0.0.1", "10.1.1.1", "169.254.169.254", "192.168.0.1", "100.100.100.200", "224.0.0.1", "240.0.0.1",
         "0.0.0.0",  # noqa: S104
         "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1",
         "2002:a00:1::", "2001:db8::1", "2001:0:7f00:1::"],
    )  # fmt: skip
    def test_not_public(self, text):
        assert not is_public(ip_address(text))
