"""
The bodies that decide, keep and evaluate: organs of state, associations, the group, the power supply companies.

Rules:
    - All are invented and say so in their names (模拟); their codes check and belong to nobody.
    - The same in every world, so that a site's configuration can name an owner.
"""

from dataclasses import dataclass
from typing import Final

from connectors.sandbox.subjects import body_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body's name and credit code."""

    name: str
    code: str


def _body(name: str, region: str, number: int, department: str = "11") -> Body:
    return Body(name=name, code=body_code(region, number, department=department))


NATIONAL: Final = _body("国家能源信用平台(模拟)", "100000", 0, "12")
PROVINCE: Final = _body("四川省信用平台(模拟)", "510000", 1, "12")
GROUP: Final = _body("锦江能源集团有限公司(模拟)", "510100", 2, "91")
ENERGY_OFFICE: Final = _body("国家能源监管派出机构(模拟·四川)", "510000", 3)
ENERGY_DEPARTMENT: Final = _body("四川省能源主管部门(模拟)", "510000", 4)
MARKET: Final = _body("四川省市场监管部门(模拟)", "510000", 5)
SAFETY: Final = _body("四川省应急管理部门(模拟)", "510000", 6)
ENVIRONMENT: Final = _body("四川省生态环境部门(模拟)", "510000", 7)
CITY: Final = _body("成都市城市管理部门(模拟)", "510100", 8)
COURT: Final = _body("成都市某法院(模拟)", "510100", 9)
TAX: Final = _body("四川省税务部门(模拟)", "510000", 10)
EVALUATOR: Final = _body("公共信用综合评价机构(模拟)", "100000", 11, "12")
ASSOCIATION: Final = _body("电力行业信用评价协会(模拟)", "100000", 12, "51")
SUPPLY: Final = _body("成都供电公司(模拟)", "510100", 13, "91")
SUPPLY_SOUTH: Final = _body("川南供电公司(模拟)", "510500", 14, "91")
GROUP_EAST: Final = _body("锦江能源集团川东分公司(模拟)", "511700", 15, "91")
GROUP_SOUTH: Final = _body("锦江能源集团川南分公司(模拟)", "510500", 16, "91")

AUTHORITIES: Final = (ENERGY_OFFICE, ENERGY_DEPARTMENT, MARKET, SAFETY, ENVIRONMENT, CITY)
"""Who licenses and penalises."""
