"""Officers of a real hub, over HTTP and on the command line: founded, enrolled, signed in, and stopped everywhere."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.clock import SystemClock
from hub.identity.keys import token_key
from hub.identity.officers.carriers import COOKIE
from hub.identity.tokens import TokenIssuer
from keys.ring import KeyRing
from tests.hub.identity.officers.authenticator import Authenticator
from tests.hub.identity.officers.bureau import totp_of
from tests.journeys.serving import HUB, Serving, free_port, serving

FOUNDING = [
    *("--administrator", "guan:管一:E-1001", "--administrator", "li:李二:E-1002"),
    *("--security-officer", "bao:鲍一", "--security-officer", "mi:米二", "--security-officer", "an:安三"),
    *("--auditor", "shen:沈一"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hubs:
    """Two hubs over one store, as two workers are, and the codes of the founding."""

    one: Serving
    other: Serving
    origin: str
    codes: dict[str, str]


@contextmanager
def opened(folder: Path, url: str, before: Sequence[Sequence[str]] = ()) -> Iterator[Hubs]:
    """Start them; *before* are commands of the operator before there is any officer."""
    port = free_port()
    names = {"HUB_ISSUER": f"http://127.0.0.1:{port}"}
    with serving(folder, url, port=port, **names) as one:
        for words in before:
            one.hub(*words)
        told = json.loads(one.hub("officer", "found", *FOUNDING, "--json"))
        second = folder / "second"
        second.mkdir()
        with serving(second, url, **names, HUB_KEYS=f"file:{folder}/keys") as other:
            codes = {each["id"]: each["invitation"] for each in told}
            yield Hubs(one=one, other=other, origin=f"http://localhost:{port}", codes=codes)


@pytest.fixture
def hubs(tmp_path: Path, sqlite_url: str) -> Iterator[Hubs]:
    with opened(tmp_path, sqlite_url) as ready:
        yield ready


class Page:
    """A page of the hub in a browser: sends its origin, keeps its cookie."""

    def __init__(self, hubs: Hubs) -> None:
        self.hubs = hubs
        self.headers = {"origin": hubs.origin, "sec-fetch-site": "same-origin"}

    def post(self, path: str, body: Any = None, *, at: Serving | None = None) -> httpx2.Response:
        url = f"{(at or self.hubs.one).url}/officer/{path}"
        answer = httpx2.post(url, json=body or {}, headers=self.headers, trust_env=False)
        given = answer.headers.get("set-cookie", "")
        if given.startswith(COOKIE):
            self.headers["cookie"] = given.partition(";")[0]
        return answer

    def get(self, path: str, *, at: Serving | None = None) -> httpx2.Response:
        cookie = {"cookie": self.headers.get("cookie", "")}
        return httpx2.get(f"{(at or self.hubs.one).url}/officer/{path}", headers=cookie, trust_env=False)

    def enrol(self, officer: str, device: Authenticator) -> httpx2.Response:
        code = self.hubs.codes[officer]
        step = self.post("enrol/webauthn/begin", {"invitation": code}).json()
        answer = device.register(step["options"], self.hubs.origin)
        said = {"invitation": code, "challenge": step["challenge"], "credential": answer, "label": "key"}
        return self.post("enrol/webauthn/finish", said)

    def sign(self, ceremony: str, device: Authenticator) -> httpx2.Response:
        step = self.post(f"{ceremony}/webauthn/begin").json()
        answer = device.sign(step["options"], self.hubs.origin)
        return self.post(f"{ceremony}/webauthn/finish", {"challenge": step["challenge"], "credential": answer})


class TestBrowser:
    def test_an_officer_enrols_signs_in_steps_up_and_leaves_on_every_worker(self, tmp_path, store_url):
        with opened(tmp_path, store_url) as hubs:
            self.work_and_leave(hubs)

    def work_and_leave(self, hubs: Hubs) -> None:
        page, device = Page(hubs), Authenticator()
        assert "bao" == page.enrol("bao", device).json()["officer"]
        assert "bao" == page.sign("sign-in", device).json()["officer"]
        before = page.headers["cookie"]
        assert 200 == page.sign("step-up", device).status_code
        after = page.headers["cookie"]

        assert before != after
        assert "security_officer" == page.get("session", at=hubs.other).json()["role"]
        assert 200 == page.post("sign-out", at=hubs.other).status_code
        for cookie in (before, after):
            page.headers["cookie"] = cookie
            assert [401, 401] == [page.get("session", at=each).status_code for each in (hubs.one, hubs.other)]

    def test_what_is_logged_holds_no_secret(self, hubs, tmp_path):
        page, device = Page(hubs), Authenticator()
        page.enrol("bao", device)
        page.sign("sign-in", device)
        page.post("sign-in/totp", {"officer": "hunter2", "code": "271828"})
        page.get("session")
        secrets = (page.headers["cookie"].partition("=")[2], hubs.codes["bao"], hubs.codes["mi"], "hunter2", "271828")
        log = (tmp_path / "hub.log").read_text()

        assert '"officer"' in log
        assert [] == [each for each in secrets if each in log]

    def test_an_officer_is_no_partner_and_a_partner_no_officer(self, tmp_path, sqlite_url):
        add = ["partner", "add", "tester", "--name", "测试", "--actor", "AU"]
        with opened(tmp_path, sqlite_url, before=[add]) as hubs:
            page, device = Page(hubs), Authenticator()
            page.enrol("bao", device)
            secret = page.headers["cookie"].partition("=")[2]
            asked = [
                httpx2.post(
                    f"{hubs.one.url}/graphql",
                    json={"query": "{ __typename }"},
                    headers={"authorization": f"{scheme} {secret}"},
                    trust_env=False,
                ).status_code
                for scheme in ("Officer", "Bearer", "DPoP")
            ]
            token = minted(hubs)
            shown = [
                httpx2.get(
                    f"{hubs.one.url}/officer/session",
                    headers={"authorization": f"{scheme} {token}"},
                    trust_env=False,
                ).status_code
                for scheme in ("Officer", "Bearer", "DPoP")
            ]

        assert [401] * 3 == asked
        assert [401] * 3 == shown


def minted(hubs: Hubs) -> str:
    """A good token of the partner `tester`, signed by the hub's own key."""
    ring = KeyRing.open(hubs.one.environment["HUB_KEYS"])
    issuer = hubs.one.environment["HUB_ISSUER"]
    mint = TokenIssuer(private_jwk=token_key(ring), issuer=issuer, audience=f"{issuer}/graphql")
    return mint.mint("tester", now=SystemClock().now(), lifetime_s=300, jti="jti-1").token


class TestCommandLine:
    def test_an_officer_enrols_by_the_invitation_and_acts_until_suspended(self, hubs, tmp_path):
        """
        The whole of it on two terminals: who is suspended on one acts no more on the other, nor over HTTP.
        """
        bao, guan = Terminal(hubs, tmp_path / "bao"), Terminal(hubs, tmp_path / "guan")
        bao.enrol("bao")
        guan.enrol("guan")
        assert 0o600 == (tmp_path / "bao").stat().st_mode & 0o777
        secret = (tmp_path / "bao").read_text().strip()
        shown = {"authorization": f"Officer {secret}"}
        url = f"{hubs.other.url}/officer/session"
        assert "bao" == httpx2.get(url, headers=shown, trust_env=False).json()["officer"]
        assert "鲍一" in bao.done("session", "show")

        assert "suspended" in guan.done("officer", "suspend", "bao", "--reason", "key lost")

        assert 401 == httpx2.get(url, headers=shown, trust_env=False).status_code
        assert "No live officer session" in bao.refused("session", "show")
        assert "suspended" in guan.done("officer", "list")

    def test_nobody_is_founded_twice(self, hubs):
        done = subprocess.run(
            [str(HUB), "officer", "found", *FOUNDING],
            env=hubs.one.environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert 1 == done.returncode
        assert "There are officers already" in done.stderr


class Terminal:
    """An officer at a terminal of their own."""

    def __init__(self, hubs: Hubs, file: Path) -> None:
        self.hubs = hubs
        self.environment = {**hubs.one.environment, "HUB_OFFICER_SESSION_FILE": str(file)}

    def enrol(self, officer: str) -> None:
        """Answer what `hub session open --invitation` asks, with an authenticator program at hand."""
        with subprocess.Popen(
            [str(HUB), "session", "open", officer, "--invitation"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as asking:
            assert asking.stdin is not None
            assert asking.stderr is not None
            asking.stdin.write(self.hubs.codes[officer] + "\n")
            asking.stdin.flush()
            uri = next(line for line in asking.stderr if line.startswith("otpauth://"))
            told, complaint = asking.communicate(totp_of(uri.strip()).now() + "\n", timeout=60)
        assert 0 == asking.returncode, complaint
        assert f"{officer}: session" in told
        assert "hos_" not in told

    def done(self, *words: str) -> str:
        done = self._run(words)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self._run(words)
        assert 1 == done.returncode, done.stdout
        return done.stderr

    def _run(self, words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(HUB), *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
