"""When a field that is not always required is: the names the catalogue uses and `schema.validation` gives a meaning."""

from enum import StrEnum


class Condition(StrEnum):
    """
    Values of `Field.required_when`; each member says the condition in the standard's own terms.

    Source: filling notes of the double publicity standard (DOMAIN 2.1, 2.2, 2.5); the last four are ours [P].
    """

    NOT_NATURAL_PERSON = "counterparty kind is 法人及非法人组织 or 个体工商户"
    NATURAL_PERSON = "counterparty kind is 自然人"
    PLACEHOLDER_CODE = "counterparty kind is 个体工商户 and its code is the placeholder"
    CERTIFICATE_NAMED = "certificate name is given"
    FINED = "penalty kinds include 罚款"
    CONFISCATED = "penalty kinds include 没收违法所得 or 没收非法财物"
    LICENCE_TOUCHED = "penalty kinds include 暂扣许可证件 or 吊销许可证件"
    REMOVED = "removed_on is given"
    NOT_PERMANENT = "permanent is not true"
    NOT_ALL_CATEGORIES = "all_categories is not true"
    BREACHED = "breached is true"
