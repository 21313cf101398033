"""
What trading partners know: a group's register, sanctions and contract evaluations; a power company's arrears.

Rules:
    - The group's values carry the catalogue's GraphQL names and JSON types, as its endpoint answers them.

Source: DOMAIN 12, 14.1; contract evaluations [P].
"""

from datetime import date, timedelta
from typing import Final

from connectors.sandbox.bodies import GROUP, GROUP_EAST, GROUP_SOUTH, SUPPLY, SUPPLY_SOUTH
from connectors.sandbox.decisions import Values, months_after, wan
from connectors.sandbox.draws import Draws
from connectors.sandbox.subjects import Subject

Json = str | bool | None | list[str]
Fields = dict[str, Json]
"""GraphQL field name to JSON value; a field that is left out is null."""

UNITS: Final = (GROUP, GROUP_EAST, GROUP_SOUTH)
CATEGORIES: Final = ("电力电缆", "变压器", "配电开关柜", "杆塔基础施工", "光伏组件", "运维检修服务", "燃气管材")

_CAUSES: Final = (
    "投标文件中业绩材料与事实不符",
    "中标后无正当理由不与招标人订立合同",
    "产品抽检不合格且未按期整改",
    "未按合同约定时间交货，影响工程投产",
)


def sanction(
    subject: Subject,
    number: int,
    on: date,
    draws: Draws,
    *,
    months: int | None = None,
    bribery: bool = False,
    start: date | None = None,
) -> Fields:
    """Make the group's sanction *number* of *subject*; what is not given is drawn; fields of `Sanction`."""
    unit = UNITS[(subject.index + number) % len(UNITS)]
    length = months or draws.one_of((2, 3, 4, 6, 12, 24))
    barred = length >= 12 or bribery  # noqa: PLR2004  1 year and more takes away, less suspends (DOMAIN 14.1)
    permanent = barred and months is None and draws.happens(400)
    start = start or on - timedelta(days=draws.between(1, 6))
    end = None if permanent else months_after(start, length) - timedelta(days=1)
    everything = barred or draws.happens(8800)
    fixed = start + timedelta(days=45) if draws.happens(5000) and not permanent else None
    return {
        "counterpartyName": subject.name,
        "counterpartyCode": subject.code,
        "sanctionNo": f"JJ-BL-{start.year}-{subject.index % 10**6:06d}-{number + 1}",
        "groupName": GROUP.name,
        "groupCode": GROUP.code,
        "authorityName": unit.name,
        "authorityCode": unit.code,
        "sanctionKind": "取消中标资格" if barred else "暂停中标资格",
        "scopeUnits": [unit.name],
        "allCategories": everything,
        "scopeCategories": None if everything else [draws.one_of(CATEGORIES)],
        "startsOn": start.isoformat(),
        "endsOn": end.isoformat() if end else None,
        "permanent": permanent,
        "rectificationRequired": draws.happens(7000),
        "rectifiedOn": fixed.isoformat() if fixed and fixed <= on else None,
        "liftedOn": end.isoformat() if end and fixed and end <= on else None,
        "cause": "在招标活动中行贿" if bribery else draws.one_of(_CAUSES),
        "bulletinRef": f"锦能物资〔{start.year}〕{draws.between(1, 60)}号",
        "bribery": bribery,
    }


def performance(subject: Subject, number: int, on: date, draws: Draws) -> Fields:
    """Make the contract evaluation *number* of *subject*; fields of `Performance`."""
    unit = UNITS[(subject.index + number) % len(UNITS)]
    signed = on - timedelta(days=draws.between(120, 400))
    due = signed + timedelta(days=100)
    late = draws.happens(1500)
    broken = late and draws.happens(4000)
    evaluated = on - timedelta(days=draws.between(1, 10))
    amount = draws.between(50_000, 60_000_000)
    category = draws.one_of(CATEGORIES)
    return {
        "counterpartyName": subject.name,
        "counterpartyCode": subject.code,
        "contractNo": f"JJ-HT-{signed.year}-{subject.index % 10**6:06d}-{number + 1}",
        "projectName": f"{subject.place}{category}采购项目(模拟)",
        "procurementCategory": category,
        "authorityName": unit.name,
        "authorityCode": unit.code,
        "contractAmount": wan(amount),
        "settledAmount": wan(amount - amount // 20 if broken else amount),
        "signedOn": signed.isoformat(),
        "deliveryDueOn": due.isoformat(),
        "deliveredOn": (due + timedelta(days=18 if late else -3)).isoformat(),
        "evaluationPeriod": f"{evaluated.year}Q{(evaluated.month + 2) // 3}",
        "evaluatedOn": evaluated.isoformat(),
        "rating": "不合格" if broken else "合格" if late else draws.one_of(("优秀", "良好", "良好", "合格")),
        "breached": broken,
        "breachDetail": "逾期交货十五日以上" if broken else None,
    }


def supplier(subject: Subject, draws: Draws) -> Fields:
    """Make the register entry of *subject*; fields of `Supplier` but its lists of records."""
    return {
        "code": subject.code,
        "name": subject.name,
        "supplierNo": f"GYS{subject.index % 10**7:07d}",
        "registeredOn": (subject.founded_on + timedelta(days=draws.between(200, 1100))).isoformat(),
        "categories": sorted({draws.one_of(CATEGORIES), draws.one_of(CATEGORIES)}),
        "state": "合格" if subject.status == "存续" else "注销",
    }


def arrears(subject: Subject, number: int, on: date, draws: Draws, *, open_bill: bool | None = None) -> Values:
    """Make the arrears *number* of *subject*, unpaid if *open_bill*, drawn if None; columns of QF."""
    company = SUPPLY if subject.region.startswith("5101") else SUPPLY_SOUTH
    due = on - timedelta(days=draws.between(3, 40) + number * 31)
    bill = draws.between(200_000, 30_000_000) // 100 * 100
    unpaid = open_bill if open_bill is not None else draws.happens(3500)
    overdue = (on - due).days
    return {
        "YHMC": subject.name,
        "TYSHXYDM": subject.code,
        "YDHH": f"51{subject.index % 10**7:07d}{number}",
        "DFNY": (due.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"),
        "GDQY": company.name,
        "GDQYDM": company.code,
        "YJJE": wan(bill),
        "QFJE": wan(bill if unpaid else 0),
        "WYJ": wan(bill * 2 * overdue // 1000),
        "JZRQ": due.isoformat(),
        "CJRQ": min(due + timedelta(days=3), on).isoformat(),
        "JQRQ": None if unpaid else on.isoformat(),
        "QFZT": "欠费中" if unpaid else "已缴清",
    }
