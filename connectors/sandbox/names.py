"""
Invented names: organisations of the energy trades, people, places of business. None is meant to be anyone's.

Rules:
    - An organisation's name is place, brand, trade and legal form. The brand is two characters that are seldom
      found together; the combination follows from the index by an affine step over all combinations, so names
      do not repeat within a world of up to `NAMES` subjects.
    - Every character is in GB 2312: the name survives GB 18030, and simplified stays simplified.
    - Bodies of state carry （模拟） in their names.
"""

from dataclasses import dataclass
from math import gcd
from typing import Final

from connectors.sandbox.draws import Draws

PLACES: Final = (
    ("四川", "510000"),
    ("成都", "510100"),
    ("自贡", "510300"),
    ("攀枝花", "510400"),
    ("泸州", "510500"),
    ("德阳", "510600"),
    ("绵阳", "510700"),
    ("广元", "510800"),
    ("遂宁", "510900"),
    ("内江", "511000"),
    ("乐山", "511100"),
    ("南充", "511300"),
    ("眉山", "511400"),
    ("宜宾", "511500"),
    ("广安", "511600"),
    ("达州", "511700"),
    ("雅安", "511800"),
    ("成都", "510107"),
    ("四川", "510104"),
    ("重庆", "500100"),
    ("云南", "530100"),
    ("贵州", "520100"),
    ("陕西", "610100"),
    ("广东", "440100"),
)
"""Place in the name and GB/T 2260 code of the registering office; 19 of 24 are in Sichuan."""

_FIRST: Final = "琮翎瀚嵘珩昱黎霁湛泓骁琅玮璞峤崮岱汀沅澧淞滢濯煜烁焓炜焕熠烨晗昀晖晟暄曜杞桉栎棠楸榆槿橼翊翰翮骊骐"
_SECOND: Final = "屿衡珞驰澄岚笙芙芷荻菡萦蔚蕴薇藜衍裕谌谦轲辕逸逾遒遴邈郴郦酩钰铄铮锟镝闳阑陇隽雳靖韬飒骞鸢鹄麟黛岑"
TRADES: Final = (
    ("电力工程", "电力", "电力工程施工;输变电工程专业承包"),
    ("电力建设", "电力", "电力建设工程施工;电力设施承装、承修、承试"),
    ("送变电工程", "电力", "送变电工程施工;线路运行维护"),
    ("电力检修", "电力", "发电机组检修;电力设备试验"),
    ("配售电", "电力", "配电网运营;售电服务"),
    ("电气设备", "电力", "高低压成套设备制造;变压器销售"),
    ("电缆制造", "电力", "电线电缆制造、销售"),
    ("智能电网科技", "电力", "配电自动化系统集成;技术服务"),
    ("水力发电", "电力", "水力发电;水电站运营"),
    ("热电", "电力", "热电联产;供热服务"),
    ("燃气", "石油天然气", "燃气经营;燃气设施安装"),
    ("天然气管道工程", "油气管道保护", "天然气管道工程施工;管道检测"),
    ("油气储运", "油气管道保护", "油气储运设施运营;管道防腐"),
    ("页岩气开发服务", "石油天然气", "油气田技术服务;钻井工程"),
    ("石油装备", "石油天然气", "石油钻采设备制造、维修"),
    ("光伏科技", "新能源与可再生能源", "光伏发电项目开发;光伏组件销售"),
    ("风电运维", "新能源与可再生能源", "风力发电机组运行维护"),
    ("新能源开发", "新能源与可再生能源", "新能源项目开发、建设与运营"),
    ("储能技术", "新能源与可再生能源", "储能系统集成;电池梯次利用"),
    ("生物质能源", "新能源与可再生能源", "生物质发电;燃料供应"),
    ("节能服务", "节能", "合同能源管理;节能诊断"),
    ("能源管理", "节能", "综合能源服务;能源审计"),
)
"""Trade in the name, energy sector, scope of business."""

_FORMS: Final = (
    ("有限公司", "有限责任公司(自然人投资或控股)"),
    ("有限责任公司", "有限责任公司(法人独资)"),
    ("股份有限公司", "股份有限公司(非上市)"),
)

NAMES: Final = len(PLACES) * len(_FIRST) * len(_SECOND) * len(TRADES)
"""How many different organisation names there are."""

_FAMILIES: Final = "甄尧郦佘麦栾闵蔺阚樊祁卞柯滕岑鲍虞卓"
_GIVEN: Final = "沐朔衡禾序澈砚遥苒珂霄岭渡青禹南柏桦森岳溪川原野石"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationName:
    """A name and what it says: place, region code, sector, scope of business, type; `stem` is without legal form."""

    full: str
    stem: str
    place: str
    region: str
    sector: str
    scope: str
    form: str


def organisation_name(seed: int, index: int) -> OrganisationName:
    """Give the name of the organisation at *index* in the world of *seed*; no two below `NAMES` are alike."""
    combination = (index * _step(seed) + _first_of(seed)) % NAMES
    combination, place = divmod(combination, len(PLACES))
    combination, trade = divmod(combination, len(TRADES))
    first, second = divmod(combination, len(_SECOND))
    words, sector, scope = TRADES[trade]
    ending, form = _FORMS[index % 7 % len(_FORMS)]
    where, region = PLACES[place]
    # Two offices share a place in the name (成都, 四川): the second writes it with its level, so that names differ.
    shown = f"{where}市" if region == "510107" else f"{where}省" if region == "510104" else where
    stem = f"{shown}{_FIRST[first]}{_SECOND[second]}{words}"
    return OrganisationName(
        full=stem + ending,
        stem=stem,
        place=where,
        region=region,
        sector=sector,
        scope=scope,
        form=form,
    )


def person_name(draws: Draws) -> str:
    """Invent a person's name."""
    return draws.one_of(_FAMILIES) + draws.one_of(_GIVEN) + draws.one_of(_GIVEN)


def _first_of(seed: int) -> int:
    """Where the names begin: the first one is a power engineering company of 成都, whatever its brand."""
    brands = len(_FIRST) * len(_SECOND)
    return 1 + len(PLACES) * len(TRADES) * (seed * 1009 % brands)


def _step(seed: int) -> int:
    """A step that meets every combination before it repeats one."""
    step = NAMES * 5 // 8 + seed * 2 + 1
    while gcd(step, NAMES) != 1:
        step += 1
    return step
