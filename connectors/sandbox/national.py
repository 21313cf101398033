"""
The national platform: HTTP JSON behind the exchange-platform signature, rows that describe themselves.

Rules:
    - sign = Base64(HMAC-SHA256(key, sid + rid + rtime)); the key service is signed with the application key, every
      other service with the signing key of the day, which the key service hands out under AES-128-ECB.
    - A refusal is HTTP 200 with a code: that is how the field does it.

Source: DOMAIN 11.5 (1), (5); wire contract in docs/sandbox.md 1.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.bodies import NATIONAL
from connectors.sandbox.columns import NATIONAL_KINDS, SYSTEM, TABLES
from connectors.sandbox.draws import Draws
from connectors.sandbox.faults import Faults
from connectors.sandbox.rows import SHANGHAI, Platform, WorldRow
from connectors.sandbox.world import Place, World

TIME_FORMAT: Final = "%Y%m%d%H%M%S"
TOLERANCE_S: Final = 300
MAX_PAGE_SIZE: Final = 1000

_HEADERS: Final = ("gjgxjhpt_rid", "gjgxjhpt_sid", "gjgxjhpt_rtime", "gjgxjhpt_sign")
_SINCE: Final = re.compile(r"\d{14}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,10}", re.ASCII)
_MILLISECONDS: Final = re.compile(r"\d{1,16}", re.ASCII)


class RefusedError(Exception):
    """The platform refuses a call: `code` and `msg` are what it answers."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg


@dataclass(slots=True, kw_only=True)
class SigningKeys:
    """
    The signing keys that are good: handed out one after another, each to its own end.

    Attributes:
        seed: What the keys follow from.
        life_s: Life of a key, seconds.
    """

    seed: int
    life_s: int
    _handed: list[tuple[str, float]] = field(default_factory=list)
    _count: int = 0

    def hand_out(self, now: float) -> tuple[str, float]:
        """Give a key with at least half its life left, and its end (seconds since the epoch)."""
        self._handed = [(key, end) for key, end in self._handed if end > now]
        if not self._handed or self._handed[-1][1] - now < self.life_s / 2:
            self._count += 1
            draws = Draws(self.seed, "signing key", self._count)
            self._handed.append(("".join(f"{draws.word():08x}" for _ in range(4)), now + self.life_s))
        return self._handed[-1]

    def good(self, now: float) -> list[str]:
        """List the keys that are good at *now*."""
        return [key for key, end in self._handed if end > now]

    def revoke(self) -> None:
        """Forget every key: whoever signs with one must fetch another."""
        self._handed.clear()


class NationalPlatform:
    """
    The national platform on a world.

    Attributes:
        rid, app_key: Credentials of the hub, the only requester known; `app_key` is 16 ASCII characters.
        key_service, services: Service ids; record services by kind.
        granted: Kinds the requester may ask for; take one out and the platform answers `-1`.
        keys: Signing keys, `keys.revoke()` makes them all stale.
        admin_token: For `/_faults`.
        faults: See `connectors.sandbox.faults`.
        asked: (service id, query string) of every record call that was let in, oldest first.
    """

    def __init__(self, world: World, clock: Callable[[], float], *, key_life_s: int = 600) -> None:
        self._world = world
        self._clock = clock
        draws = Draws(world.seed, "national")
        self.rid = f"r_hub_{draws.below(10**6):06d}"
        self.app_key = "".join(f"{draws.word():08x}" for _ in range(2))
        self.key_service = f"s_key_{draws.below(10**6):06d}"
        self.services = {kind: f"s_{TABLES[kind].catalog.lower()}_{draws.below(10**6):06d}" for kind in NATIONAL_KINDS}
        self.admin_token = "".join(f"{draws.word():08x}" for _ in range(4))
        self.granted = set(NATIONAL_KINDS)
        self.keys = SigningKeys(seed=world.seed, life_s=key_life_s)
        self.faults = Faults()
        self.asked: list[tuple[str, str]] = []
        self._kinds = {sid: kind for kind, sid in self.services.items()}

    def app(self) -> Starlette:
        """Build the ASGI application, without the faults' middleware."""
        return Starlette(
            routes=[
                Route("/gateway/time", self._time),
                Route("/gateway/{sid}", self._service, methods=["GET", "POST"]),
            ],
        )

    @property
    def now(self) -> float:
        """The platform's own clock, seconds since the epoch."""
        return self._clock() + self.faults.skew_s

    async def _time(self, _request: Request) -> Response:
        return _answer({"now": str(int(self.now * 1000))})

    async def _service(self, request: Request) -> Response:
        try:
            sid = request.path_params["sid"]
            if sid == self.key_service:
                return self._hand_out_key(request)
            self._let_in(request, sid, self.keys.good(self.now))
            kind = self._granted_kind(sid)
            self.asked.append((sid, request.url.query))
            return _answer(self._page(kind, request))
        except RefusedError as refused:
            return JSONResponse({"code": refused.code, "msg": refused.msg, "data": None})

    def _hand_out_key(self, request: Request) -> Response:
        self._let_in(request, self.key_service, [self.app_key])
        key, end = self.keys.hand_out(self.now)
        return _answer({"secret": seal(key, self.app_key), "secretEndTime": str(int(end * 1000))})

    def _let_in(self, request: Request, sid: str, keys: list[str]) -> None:
        rid, said, rtime, sign = (request.headers.get(name, "") for name in _HEADERS)
        if not (rid and said and _MILLISECONDS.fullmatch(rtime) and sign) or said != sid:
            raise RefusedError("E-101", "请求头缺失或格式错误")
        if rid != self.rid:
            raise RefusedError("E-106", "请求方不在授权名单内")
        if abs(int(rtime) / 1000 - self.now) > TOLERANCE_S:
            raise RefusedError("E-103", "请求时间超出允许范围")
        if not any(hmac.compare_digest(signature(key, sid, rid, rtime), sign) for key in keys):
            raise RefusedError("E-102", "签名错误或签名密钥已失效")

    def _granted_kind(self, sid: str) -> str:
        kind = self._kinds.get(sid)
        if kind is None:
            raise RefusedError("E-404", "服务不存在")
        if kind not in self.granted:
            raise RefusedError("-1", "未在授权名单内")
        return kind

    def _page(self, kind: str, request: Request) -> dict[str, object]:
        page = _number(request, "page", 1, upper=10**9)
        size = _number(request, "pageSize", 200, upper=MAX_PAGE_SIZE)
        since = _since(request)
        rows = self._world.page(Platform.NATIONAL, kind, since=since, skip=(page - 1) * size, take=size)
        return {
            "total": self._world.count(Platform.NATIONAL, kind, since=since),
            "page": page,
            "pageSize": size,
            "now": self._world.now.strftime(TIME_FORMAT),
            "list": [self_describing(row) for row in rows],
        }


def signature(key: str, sid: str, rid: str, rtime: str) -> str:
    """Compute the exchange platform's signature of a call (DOMAIN 11.5-1)."""
    return b64encode(hmac.digest(key.encode(), f"{sid}{rid}{rtime}".encode(), sha256)).decode()


def seal(key: str, app_key: str) -> str:
    """Encrypt *key* under *app_key* (16 bytes) as the key service sends it: AES-128-ECB, PKCS#7, Base64."""
    padder = PKCS7(128).padder()
    # ECB is what the field's interface prescribes; the plaintext is one random key.
    encryptor = Cipher(algorithms.AES(app_key.encode()), modes.ECB()).encryptor()  # noqa: S305  prescribed
    return b64encode(encryptor.update(padder.update(key.encode()) + padder.finalize()) + encryptor.finalize()).decode()


def self_describing(row: WorldRow) -> dict[str, object]:
    """Write *row* as the platform sends it: the entity, its columns in order, and what each is called."""
    table = TABLES[row.kind]
    entity: dict[str, str | None] = {code: row.text(code) for code in table.codes}
    entity |= {"SJBS": row.row_id, "GXSJ": row.updated.strftime(TIME_FORMAT), "CZBZ": row.op}
    labels = {column.code: column.zh for column in (*table.business, *table.extras, *SYSTEM)}
    return {
        "table_name": table.name,
        "dataSource": NATIONAL.name,
        "entity": entity,
        "columnList": list(entity),
        "sencesMap": labels,
    }


def _answer(data: dict[str, object] | dict[str, str]) -> Response:
    return JSONResponse({"code": "0", "msg": "成功", "data": data})


def _number(request: Request, name: str, default: int, *, upper: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= upper:
        raise RefusedError("E-104", f"参数{name}错误")
    return int(text)


def _since(request: Request) -> Place | None:
    since, after = request.query_params.get("since"), request.query_params.get("after")
    if since is None:
        if after is not None:
            raise RefusedError("E-104", "参数after须与since同用")
        return None
    if not _SINCE.fullmatch(since):
        raise RefusedError("E-104", "参数since错误")
    try:
        at = datetime.strptime(since, TIME_FORMAT).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise RefusedError("E-104", "参数since错误") from None
    # "\0" sorts before every character of a row id: the least text that is greater than `after`.
    return at, "" if after is None else f"{after}\0"
