"""
What registers, evaluators and acceptors keep: registration, list entries, grades, commitments.

Source: DOMAIN 3, 4.2, 5.1, 5.2, 15.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from connectors.sandbox.bodies import (
    ASSOCIATION,
    COURT,
    ENERGY_DEPARTMENT,
    ENERGY_OFFICE,
    EVALUATOR,
    MARKET,
    SAFETY,
    TAX,
    Body,
)
from connectors.sandbox.decisions import Values, months_after
from connectors.sandbox.draws import Draws
from connectors.sandbox.subjects import Subject

PUBLIC_SCHEME: Final = "GBT45255-2025"
INDUSTRY_SCHEME: Final = "CEC"
INCENTIVE: Final = "守信激励对象"
"""Remark on the public grade of a subject that stands in the incentive list: the catalogue has no kind for it."""

_A_BELOW: Final = 5_600
_B_BELOW: Final = 9_477
_INCENTIVE_BELOW: Final = 9_080
_INDUSTRY_GRADES: Final = ((90, "AAA"), (80, "AA"), (70, "A"), (60, "B"), (0, "C"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """
    A list: its name, who keeps it, why one comes on it, its term in months (None: until removed).

    `scope` is what the keeper says of disclosure; None where it says nothing (W03 is the industry's own).
    """

    name: str
    body: Body
    reason: str
    months: int | None
    scope: str | None
    repair_months: int | None = None


ROLLS: Final[Mapping[str, Roll]] = MappingProxyType(
    {
        "L01": Roll(
            name="失信被执行人",
            body=COURT,
            reason="有履行能力而拒不履行生效法律文书确定义务",
            months=24,
            scope="社会公开",
        ),
        "L02": Roll(
            name="严重违法失信名单",
            body=MARKET,
            reason="提交虚假材料取得登记且情节严重",
            months=36,
            scope="社会公开",
            repair_months=12,
        ),
        "L03": Roll(
            name="重大税收违法失信主体",
            body=TAX,
            reason="逃避追缴欠税",
            months=36,
            scope="社会公开",
            repair_months=12,
        ),
        "L06": Roll(
            name="安全生产严重失信主体名单",
            body=SAFETY,
            reason="发生较大生产安全责任事故",
            months=36,
            scope="社会公开",
            repair_months=12,
        ),
        "W01": Roll(
            name="经营异常名录",
            body=MARKET,
            reason="未按规定期限公示年度报告",
            months=None,
            scope="社会公开",
        ),
        "W02": Roll(
            name="能源行业失信主体重点关注名单",
            body=ENERGY_OFFICE,
            reason="受到能源监管机构较重行政处罚",
            months=12,
            scope="政务共享",
        ),
        "W03": Roll(
            name="涉电力领域重点关注名单",
            body=ASSOCIATION,
            reason="涉电力领域合同履约存在严重问题",
            months=12,
            scope=None,
        ),
    },
)
SERIOUS_ROLLS: Final = ("L02", "L06", "L01", "L03")
WATCH_ROLLS: Final = ("W01", "W02", "W03", "W01")

_PROMISES: Final = (
    ("主动", "依法诚信经营，自觉接受监督"),
    ("信用修复", "已改正违法行为，今后依法经营"),
    ("审批替代", "申请承装(修、试)电力设施许可延续的告知承诺"),
    ("行业自律", "遵守电力行业信用自律公约"),
)


def registration(subject: Subject, _number: int, _on: date, _draws: Draws) -> Values:
    """Make the registration of *subject*; columns of JBXX."""
    return {
        "JGMC": subject.name,
        "CYM": subject.former_name,
        "TYSHXYDM": subject.code,
        "GSZCH": subject.registration_no,
        "LSFRDM": subject.parent,
        "DJZT": subject.status,
        "ZTRQ": subject.status_on.isoformat(),
        "JGLX": subject.form,
        "FDDBR": subject.legal_representative,
        "ZCZB": None if subject.parent else subject.capital,
        "CLRQ": subject.founded_on.isoformat(),
        "YYQX_Q": subject.founded_on.isoformat(),
        "YYQX_Z": "2099-12-31",
        "DJJG": MARKET.name,
        "DJJGDM": MARKET.code,
        "XZQH": subject.region,
        "ZCDZ": f"{subject.place}模拟大道{subject.index % 997 + 1}号",
        "NYHY": subject.sector,
        "JYFW": subject.scope,
        "GKFW": "社会公开",
    }


def list_entry(
    subject: Subject, number: int, on: date, draws: Draws, *, rolls: Sequence[str], listed: date | None = None
) -> Values:
    """Make the list entry *number* of *subject*, on one of *rolls*; the day is drawn if not given; columns of YZSX."""
    code = draws.one_of(rolls)
    what = ROLLS[code]
    listed = listed or on - timedelta(days=draws.between(1, 6))
    end = months_after(listed, what.months) if what.months else None
    return {
        "ZTMC": subject.name,
        "ZTDM": subject.code,
        "MDDM": code,
        "MDMC": what.name,
        "LRYY": what.reason,
        "LRWSH": f"川列(模拟)〔{listed.year}〕{subject.index % 9000 + 1:04d}-{number + 1}号",
        "LRJG": what.body.name,
        "LRJGDM": what.body.code,
        "LRRQ": listed.isoformat(),
        "QXZ": end.isoformat() if end else None,
        "KXFRQ": months_after(listed, what.repair_months).isoformat() if what.repair_months else None,
        "MDZT": "在列" if end is None or end >= on else "已到期",
        "SJLY": what.body.name,
        "SJLYDM": what.body.code,
        "GKFW": what.scope,
        "public_date": listed.isoformat() if what.scope == "社会公开" else None,
        "public_end_date": end.isoformat() if end and what.scope == "社会公开" else None,
        "SXCD": "严重" if code.startswith("L") else None,
        "GGBZ": "1" if code in {"L01", "W01"} else None,
    }


def grade(subject: Subject, number: int, on: date, draws: Draws, letter: str | None = None) -> Values:
    """Make the grade of *subject*: number 0 by the public scheme, 1 by the industry's; columns of XYPJ."""
    return _industry_grade(subject, on, draws, letter) if number else _public_grade(subject, on, draws, letter)


def commitment(subject: Subject, number: int, on: date, draws: Draws) -> Values:
    """Make the commitment *number* of *subject*; columns of XYCN."""
    kind, matter = _PROMISES[(subject.index + number) % len(_PROMISES)]
    made = on - timedelta(days=draws.between(1, 6) + number * draws.between(60, 120))
    due = months_after(made, 6)
    kept = draws.happens(9300)
    state = "履行中" if due >= on else "已履行" if kept else "未履行"
    return {
        "ZTMC": subject.name,
        "ZTDM": subject.code,
        "CNBH": f"CN{made.year}{subject.index % 10**6:06d}{number}",
        "CNLX": kind,
        "CNSY": matter,
        "CNNR": f"本单位承诺:{matter};如有违反，自愿接受约束。",
        "CNRQ": made.isoformat(),
        "LXQX": due.isoformat(),
        "SLDW": ENERGY_DEPARTMENT.name,
        "SLDWDM": ENERGY_DEPARTMENT.code,
        "LYZT": state,
        "LYRQ": min(due, on).isoformat() if state == "已履行" else None,
        "SJLY": ENERGY_DEPARTMENT.name,
        "SJLYDM": ENERGY_DEPARTMENT.code,
        "GKFW": "社会公开",
    }


def _public_grade(subject: Subject, on: date, draws: Draws, letter: str | None) -> Values:
    at = draws.below(10_000)
    # 2020 report of the NEA: good and better are 94.77 %. 90.8 % of those not in a serious list make 88 % of all.
    drawn = "A" if at < _A_BELOW else "B" if at < _B_BELOW else "C"
    return {
        "ZTMC": subject.name,
        "ZTDM": subject.code,
        "PJFA": PUBLIC_SCHEME,
        "XYDJ": letter or drawn,
        "PJJG": EVALUATOR.name,
        "PJJGDM": EVALUATOR.code,
        "PJZQ": str(on.year - 1),
        "JSRQ": (on - timedelta(days=5)).isoformat(),
        "FBRQ": (on - timedelta(days=2)).isoformat(),
        "YXQZ": months_after(on, 12).isoformat(),
        "PJZT": "有效",
        "BZ": INCENTIVE if (letter or drawn) in "AB" and at < _INCENTIVE_BELOW else None,
    }


def _industry_grade(subject: Subject, on: date, draws: Draws, letter: str | None) -> Values:
    score = draws.between(580, 985) / 10
    drawn = next(name for floor, name in _INDUSTRY_GRADES if score >= floor)
    return {
        "ZTMC": subject.name,
        "ZTDM": subject.code,
        "PJFA": INDUSTRY_SCHEME,
        "XYDJ": letter or drawn,
        "PJDF": f"{95 if letter else score:.1f}",
        "PJJG": ASSOCIATION.name,
        "PJJGDM": ASSOCIATION.code,
        "PJZX": "西南评价中心(模拟)",
        "ZSBH": f"XYDL-M{on.year}-{subject.index % 10**7:07d}",
        "PJZQ": str(on.year - 1),
        "JSRQ": (on - timedelta(days=20)).isoformat(),
        "FBRQ": (on - timedelta(days=3)).isoformat(),
        "YXQZ": months_after(on, 36).isoformat(),
        "PJZT": "有效",
        "GKFW": "社会公开",
        "GGBZ": "1",
    }
