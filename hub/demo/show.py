"""Shows the answers side by side: what each asker saw, saw masked, was denied, and by which rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.audit.verify import Verdict
from hub.demo.question import Asker

ROWS: tuple[tuple[str, str, str], ...] = (
    ("Registration", "legalRepresentative", "法定代表人 legal representative"),
    ("Licence", "documentNo", "行政许可 licence"),
    ("Penalty", "fineAmount", "行政处罚 penalty, fine 万元"),
    ("Penalty", "facts", "违法事实 facts"),
    ("Penalty", "legalRepresentativeIdNo", "证件号码 identity number"),
    ("ListEntry", "listCode", "名单 list entry"),
    ("Grade", "grade", "信用等级 grade"),
    ("Grade", "score", "评价得分 score"),
    ("Commitment", "fulfilment", "信用承诺 commitment"),
    ("SupplierSanction", "sanctionKind", "供应商处理 sanction"),
    ("Performance", "contractAmount", "合同履行 contract, 万元"),
    ("Arrears", "amountUnpaid", "欠费 arrears, 万元"),
)
"""What the table shows: kind, field, label."""

_MOST = 3
_WIDEST = 16


def show(
    console: Console,
    askers: Sequence[Asker],
    answers: Mapping[str, Mapping[str, Any]],
    verdicts: Mapping[str, Verdict],
) -> None:
    """Print the table of *answers* (asker's name -> response) and of the receipts' *verdicts*."""
    table = Table(title="同一个问题，四种回答  One question, four answers", show_lines=True)
    table.add_column("")
    for asker in askers:
        table.add_column(asker.label, overflow="fold")
    table.add_row("目的 purpose", *(str(asker.purpose.get("code")) for asker in askers))
    table.add_row("主体 subject", *(_subject(answers[asker.name]) for asker in askers))
    table.add_row("记录 records", *(_kinds(answers[asker.name]) for asker in askers))
    for kind, field, label in ROWS:
        table.add_row(label, *(_cell(answers[asker.name], verdicts[asker.name], kind, field) for asker in askers))
    table.add_row("回执 receipt", *(_receipt(answers[asker.name], verdicts[asker.name]) for asker in askers))
    console.print(table)
    console.print(
        "[green]明示 clear[/]  [yellow]脱敏 masked (m1 name, m2 id, m3 amount band, m4 free text)[/]  "
        "[red]拒绝 denied: rule[/]  [dim]- 无记录或不可知 none, or none you may know of[/]"
    )


def _subject(answer: Mapping[str, Any]) -> str:
    subject = _data(answer)
    return "[dim]-[/]" if subject is None else f"{subject['name']}\n{subject['status']}"


def _kinds(answer: Mapping[str, Any]) -> str:
    subject = _data(answer)
    if subject is None:
        return "[dim]-[/]"
    counts = [
        f"{holding['kind']} {holding['category']} × {holding['count'] if holding['count'] is not None else '有'}"
        for holding in subject["holdings"]
    ]
    return "\n".join(counts) or "[dim]-[/]"


def _cell(answer: Mapping[str, Any], verdict: Verdict, kind: str, field: str) -> str:
    coordinate = f"{kind}.{field}"
    denied = _denials(answer).get(coordinate)
    if denied is not None:
        return f"[red]{denied}[/]"
    values = [value for value in _values(answer, kind, field) if value is not None]
    if not values:
        return "[dim]-[/]"
    told = "\n".join(_short(value) for value in values[:_MOST])
    more = f"\n(+{len(values) - _MOST})" if len(values) > _MOST else ""
    mask = _entry(verdict, "masked").get(coordinate)
    return f"[yellow]{told}{more}\n({mask})[/]" if mask else f"[green]{told}{more}[/]"


def _values(answer: Mapping[str, Any], kind: str, field: str) -> list[Any]:
    subject = _data(answer)
    if subject is None:
        return []
    if kind == "Registration":
        return [(subject["registration"] or {}).get(field)]
    return [record.get(field) for record in subject["records"]["nodes"] if record["kind"] == kind]


def _receipt(answer: Mapping[str, Any], verdict: Verdict) -> str:
    receipt = (answer.get("extensions") or {}).get("receipt")
    if receipt is None:
        return "[red]none[/]"
    mark = "[green]✓ 已验证 verified[/]" if verdict.valid else "[red]✗ invalid[/]"
    return f"#{receipt['index']} {mark}"


def _denials(answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        error["extensions"]["coordinate"]: error["extensions"]["rule"]
        for error in answer.get("errors") or ()
        if error["extensions"].get("coordinate")
    }


def _entry(verdict: Verdict, name: str) -> Mapping[str, Any]:
    value = verdict.values.get(name)
    return value if isinstance(value, dict) else {}


def _data(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    subject: dict[str, Any] | None = (answer.get("data") or {}).get("subject")
    return subject


def _short(value: object) -> str:
    text = str(value).replace("[", "\\[")
    return text if len(text) <= _WIDEST else text[:_WIDEST] + "…"
