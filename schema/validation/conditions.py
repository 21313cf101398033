"""
What each `Condition` of the catalogue means on a record, and by which rule an empty field is then at fault.

Source: DOMAIN 2.1, 2.2, 2.5 (DG01, DG08, DG09).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from schema.catalogue.conditions import Condition
from schema.identifiers.uscc import PLACEHOLDER

Value = str | bool | int | tuple[str, ...]
Values = Mapping[str, Value]

NATURAL_PERSON = "自然人"
INDIVIDUAL_BUSINESS = "个体工商户"
ORGANISATION = "法人及非法人组织"

_CONFISCATIONS = frozenset({"没收违法所得", "没收非法财物"})
_LICENCE_MEASURES = frozenset({"暂扣许可证件", "吊销许可证件"})


def kinds_of(values: Values) -> tuple[str, ...]:
    """List the penalty kinds of a record; none if the field is absent."""
    kinds = values.get("penalty_kinds")
    return kinds if isinstance(kinds, tuple) else ()


MEANINGS: Mapping[Condition, Callable[[Values], bool]] = MappingProxyType(
    {
        Condition.NOT_NATURAL_PERSON: lambda values: values.get("counterparty_kind") != NATURAL_PERSON,
        Condition.NATURAL_PERSON: lambda values: values.get("counterparty_kind") == NATURAL_PERSON,
        Condition.PLACEHOLDER_CODE: lambda values: (
            values.get("counterparty_kind") == INDIVIDUAL_BUSINESS and values.get("counterparty_code") == PLACEHOLDER
        ),
        Condition.CERTIFICATE_NAMED: lambda values: "certificate_name" in values,
        Condition.FINED: lambda values: "罚款" in kinds_of(values),
        Condition.CONFISCATED: lambda values: not _CONFISCATIONS.isdisjoint(kinds_of(values)),
        Condition.LICENCE_TOUCHED: lambda values: not _LICENCE_MEASURES.isdisjoint(kinds_of(values)),
        Condition.REMOVED: lambda values: "removed_on" in values,
        Condition.NOT_PERMANENT: lambda values: values.get("permanent") is not True,
        Condition.NOT_ALL_CATEGORIES: lambda values: values.get("all_categories") is not True,
        Condition.BREACHED: lambda values: values.get("breached") is True,
    },
)
"""Condition -> whether it holds for the values read so far."""

RULE_OF: Mapping[Condition, str] = MappingProxyType({Condition.FINED: "DG08", Condition.LICENCE_TOUCHED: "DG09"})
"""The rule an empty field breaks where it is not DG01."""

WORDS: Mapping[Condition, str] = MappingProxyType(
    {
        Condition.NOT_NATURAL_PERSON: "行政相对人为法人及非法人组织或个体工商户",
        Condition.NATURAL_PERSON: "行政相对人为自然人",
        Condition.PLACEHOLDER_CODE: "个体工商户且统一社会信用代码为占位代码",
        Condition.CERTIFICATE_NAMED: "已填许可证书名称",
        Condition.FINED: "处罚类别包含罚款",
        Condition.CONFISCATED: "处罚类别包含没收违法所得或没收非法财物",
        Condition.LICENCE_TOUCHED: "处罚类别包含暂扣许可证件或吊销许可证件",
        Condition.REMOVED: "已填移出日期",
        Condition.NOT_PERMANENT: "非永久",
        Condition.NOT_ALL_CATEGORIES: "非全部品类",
        Condition.BREACHED: "已违约",
    },
)
"""The condition in Chinese, for messages; its value is the English."""
