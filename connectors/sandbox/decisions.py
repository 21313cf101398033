"""
What authorities decide: licences and penalties, in the national columns, as clean as a good source sends them.

Rules:
    - The amount in the text of a penalty agrees with the amount in its column: a unit slip is dirt, see `dirt.py`.
    - `on` is the day the record reached the platform; a decision is at most a few working days older, the second
      and later ones of a subject some months older.

Source: DOMAIN 2.1, 2.2, 2.4, 6.1.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from connectors.sandbox.bodies import (
    CITY,
    ENERGY_DEPARTMENT,
    ENERGY_OFFICE,
    ENVIRONMENT,
    MARKET,
    PROVINCE,
    SAFETY,
    Body,
)
from connectors.sandbox.draws import Draws
from connectors.sandbox.subjects import Subject

Values = dict[str, str | None]
"""Column code to text; a column that is left out is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """A kind of violation: what is found, by whom, under what, and what follows. Fines in 元."""

    type: str
    facts: str
    basis: str
    body: Body
    kinds: str
    severity: str
    fine: tuple[int, int] | None = None
    gains: tuple[int, int] | None = None
    licence: str | None = None


_REPORTING = Offence(
    type="未按规定报送信息",
    facts="未在规定期限内向能源监管机构报送许可条件保持情况。",
    basis="《电力监管条例》第三十四条",
    body=ENERGY_OFFICE,
    kinds="警告",
    severity="轻微",
)
_SCOLDED = Offence(
    type="现场管理不规范",
    facts="施工现场安全警示标志设置不全，经责令后已改正。",
    basis="《四川省能源监管办法(模拟)》第十二条",
    body=ENERGY_DEPARTMENT,
    kinds="通报批评",
    severity="轻微",
)
_OVERREACH = Offence(
    type="超越许可范围从事承装电力设施业务",
    facts="超越许可证等级承揽输电线路安装工程。",
    basis="《承装(修、试)电力设施许可证管理办法》第三十五条",
    body=ENERGY_OFFICE,
    kinds="罚款",
    severity="一般",
    fine=(10_000, 30_000),
)
_QUALITY = Offence(
    type="销售不合格产品",
    facts="销售的电力电缆经抽样检验导体电阻项目不合格。",
    basis="《中华人民共和国产品质量法》第四十九条",
    body=MARKET,
    kinds="罚款;没收违法所得",
    severity="一般",
    fine=(20_000, 200_000),
    gains=(3_000, 80_000),
)
_WASTE = Offence(
    type="危险废物未按规定贮存",
    facts="废变压器油露天存放，未设置识别标志。",
    basis="《中华人民共和国固体废物污染环境防治法》第一百一十二条",
    body=ENVIRONMENT,
    kinds="罚款",
    severity="一般",
    fine=(100_000, 300_000),
)
_SAFETY = Offence(
    type="未落实安全生产责任制",
    facts="高处作业未采取防坠落措施，存在重大事故隐患。",
    basis="《中华人民共和国安全生产法》第九十七条",
    body=SAFETY,
    kinds="罚款;责令停产停业",
    severity="严重",
    fine=(500_000, 1_000_000),
)
_REVOKED = Offence(
    type="以欺骗手段取得许可",
    facts="提供虚假人员材料申请许可证。",
    basis="《承装(修、试)电力设施许可证管理办法》第三十三条",
    body=ENERGY_OFFICE,
    kinds="吊销许可证件",
    severity="严重",
    licence="承装(修、试)电力设施许可证",
)
_GAS = Offence(
    type="未按规定进行燃气设施巡检",
    facts="未按周期对用户燃气设施进行安全检查。",
    basis="《城镇燃气管理条例》第四十六条",
    body=CITY,
    kinds="警告;罚款",
    severity="一般",
    fine=(10_000, 50_000),
)
MINOR, GENERAL, SERIOUS, REVOCATION = _REPORTING, _OVERREACH, _SAFETY, _REVOKED
OFFENCES: Final = (_REPORTING, _OVERREACH, _QUALITY, _SCOLDED, _GAS, _WASTE, _OVERREACH, _SAFETY, _REVOKED)

MONTHS_SHOWN: Final = {"轻微": 3, "一般": 12, "严重": 36}
"""How long a class is shown at most (DOMAIN 6.1)."""
_LONG_TERM: Final = "2099-12-31"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A kind of licence: certificate, kind, what it allows, by whom, how long (years, None: long term)."""

    certificate: str
    title: str
    kind: str
    contents: tuple[str, ...]
    body: Body
    years: int | None


PERMITS: Final = (
    Permit(
        certificate="承装(修、试)电力设施许可证",
        title="承装(修、试)电力设施许可决定书",
        kind="普通",
        contents=("承装三级、承修三级、承试三级", "承装四级、承修四级、承试四级", "承装二级、承修二级、承试二级"),
        body=ENERGY_OFFICE,
        years=6,
    ),
    Permit(
        certificate="电力业务许可证",
        title="电力业务许可决定书",
        kind="普通",
        contents=("发电类", "供电类", "输电类"),
        body=ENERGY_OFFICE,
        years=20,
    ),
    Permit(
        certificate="安全生产许可证",
        title="安全生产许可决定书",
        kind="普通",
        contents=("建筑施工",),
        body=SAFETY,
        years=3,
    ),
    Permit(
        certificate="燃气经营许可证",
        title="燃气经营许可决定书",
        kind="特许",
        contents=("管道燃气", "瓶装燃气"),
        body=CITY,
        years=5,
    ),
    Permit(
        certificate="建筑业企业资质证书",
        title="建筑业企业资质核准决定书",
        kind="认可",
        contents=("电力工程施工总承包三级", "输变电工程专业承包二级"),
        body=ENERGY_DEPARTMENT,
        years=5,
    ),
)


def penalty(
    subject: Subject,
    number: int,
    on: date,
    draws: Draws,
    *,
    offence: Offence | None = None,
    decided: date | None = None,
) -> Values:
    """Make the penalty *number* of *subject*: *offence* and day of decision are drawn if not given; columns of XZCF."""
    what = offence or draws.one_of(OFFENCES)
    decided = decided or _decided(on, number, draws)
    until = months_after(decided, MONTHS_SHOWN[what.severity])
    fine = _rounded(what.fine, draws)
    gains = _rounded(what.gains, draws)
    revoked = f"{what.licence} {draws.below(10**6):06d}" if what.licence else None
    return {
        **_counterparty("CF", subject),
        "CF_WSH": f"{_mark(what.body)}罚〔{decided.year}〕{subject.index % 9000 + 1:04d}-{number + 1}号",
        "CF_WFXW": what.type,
        "CF_SY": f"当事人{what.facts}",
        "CF_YJ": what.basis,
        "CF_CFLB": what.kinds,
        "CF_NR": _content(what, fine, gains, revoked),
        "CF_NR_FK": wan(fine),
        "CF_NR_WFFF": wan(gains),
        "CF_NR_ZKDX": revoked,
        "CF_JDRQ": decided.isoformat(),
        "CF_YXQ": months_after(decided, 12).isoformat(),
        "CF_GSJZQ": until.isoformat(),
        "CF_CFJG": what.body.name,
        "CF_CFJGDM": what.body.code,
        "CF_SJLY": PROVINCE.name,
        "CF_SJLYDM": PROVINCE.code,
        "GKFW": "政务共享" if what.severity == "轻微" else "社会公开",
        "public_date": (decided + timedelta(days=7)).isoformat() if what.severity != "轻微" else None,
        "public_end_date": until.isoformat() if what.severity != "轻微" else None,
        "publicstatus": _shown(what, until, on),
        # Sources class a penalty themselves in about six cases of ten; the hub's class table does the rest.
        "SXCD": what.severity if offence or draws.happens(6000) else None,
        "WFXH": "1",
    }


def licence(
    subject: Subject,
    number: int,
    on: date,
    draws: Draws,
    *,
    permit: Permit | None = None,
    decided: date | None = None,
) -> Values:
    """Make the licence *number* of *subject*: *permit* and day of decision are drawn if not given; columns of XZXK."""
    what = permit or draws.one_of(PERMITS)
    decided = decided or _decided(on, number, draws)
    serial = f"{subject.index % 10**6:06d}{number}"
    until = months_after(decided, what.years * 12) - timedelta(days=1) if what.years else None
    return {
        **_counterparty("XK", subject),
        "XK_XKWS": what.title,
        "XK_WSH": f"{_mark(what.body)}许〔{decided.year}〕{subject.index % 9000 + 1:04d}-{number + 1}号",
        "XK_XKLB": what.kind,
        "XK_XKZS": what.certificate,
        "XK_XKBH": f"模拟{decided.year}{serial}",
        "XK_NR": f"准予取得{what.certificate}:{draws.one_of(what.contents)}。",
        "XK_JDRQ": decided.isoformat(),
        "XK_YXQZ": decided.isoformat(),
        "XK_YXQZI": until.isoformat() if until else _LONG_TERM,
        "XK_XKJG": what.body.name,
        "XK_XKJGDM": what.body.code,
        "XK_ZT": "1" if until is None or until >= on else "2",
        "XK_LYDW": PROVINCE.name,
        "XK_LYDWDM": PROVINCE.code,
        "GKFW": "社会公开",
        "public_date": (decided + timedelta(days=7)).isoformat(),
    }


def months_after(day: date, months: int) -> date:
    """Add *months* to *day*: same day of the month, clamped to the month's end (DOMAIN 6.3)."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def wan(amount: int | None) -> str | None:
    """Write *amount* (元) in 万元 with six decimals, as the standard wants it."""
    return None if amount is None else f"{amount // 10_000}.{amount % 10_000:04d}00"


def _counterparty(prefix: str, subject: Subject) -> Mapping[str, str | None]:
    return {
        f"{prefix}_XDR_MC": subject.name,
        f"{prefix}_XDR_LB": subject.kind,
        f"{prefix}_XDR_SHXYM": subject.code,
        f"{prefix}_XDR_GSZC": subject.registration_no if subject.index % 3 == 0 else None,
        f"{prefix}_XDR_ZZJG": subject.organisation_code if subject.index % 5 == 0 else None,
        f"{prefix}_FRDB": subject.legal_representative,
    }


def _decided(on: date, number: int, draws: Draws) -> date:
    return on - timedelta(days=draws.between(1, 6) + number * draws.between(90, 200))


def _rounded(bounds: tuple[int, int] | None, draws: Draws) -> int | None:
    return None if bounds is None else draws.between(bounds[0] // 500, bounds[1] // 500) * 500


def _mark(body: Body) -> str:
    return {ENERGY_OFFICE.code: "川能监(模拟)", SAFETY.code: "川应急(模拟)"}.get(body.code, "川(模拟)")


def _shown(what: Offence, until: date, on: date) -> str:
    if what.severity == "轻微":
        return "不公示"
    return "公示中" if until >= on else "已到期"


def _content(what: Offence, fine: int | None, gains: int | None, revoked: str | None) -> str:
    said = {
        "罚款": f"罚款人民币{fine}元",
        "没收违法所得": f"没收违法所得人民币{gains}元",
        "吊销许可证件": f"吊销{revoked}",
    }
    return ";".join(said.get(kind, kind) for kind in what.kinds.split(";")) + "。"
