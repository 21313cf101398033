"""
The columns of the simulated platforms: code, Chinese label, and the catalogue field each one carries.

`docs/sandbox.md` prints these tables and a test holds the two equal. The national columns of 行政许可 and 行政处罚 are
written out here again on purpose: a platform does not read the hub's catalogue.

Source: DOMAIN 2.1, 2.2 (XK, CF), 11.3 (front machine), 11.5 (5); pinyin initials where there is no national table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column of a platform's table.

    Attributes:
        code: Column code, e.g. `CF_WSH`.
        zh: Label as the platform prints it in `sencesMap`.
        target: Catalogue field name, or `extra.<name>` for a column of `connectors.port.EXTRA_COLUMNS`, or
            `row_id`, `as_of`, `op` for the row's own.
    """

    code: str
    zh: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    One record kind as the platforms know it.

    Attributes:
        kind: Catalogue kind.
        name: Table name in self-describing rows.
        catalog: Catalogue code of file packages and table name in the front database.
        business: The kind's own columns, in order.
        extras: Columns outside the catalogue that the hub understands.
    """

    kind: str
    name: str
    catalog: str
    business: tuple[Column, ...]
    extras: tuple[Column, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the business columns and the extras, in order."""
        return tuple(column.code for column in (*self.business, *self.extras))


def _columns(text: str) -> tuple[Column, ...]:
    rows = (line.split() for line in text.splitlines() if line)
    return tuple(Column(code=code, zh=zh, target=target) for code, zh, target in rows)


def _counterparty(prefix: str) -> str:
    return f"""
{prefix}_XDR_MC 行政相对人名称 counterparty_name
{prefix}_XDR_LB 行政相对人类别 counterparty_kind
{prefix}_XDR_SHXYM 行政相对人代码_1(统一社会信用代码) counterparty_code
{prefix}_XDR_GSZC 行政相对人代码_2(工商注册号) registration_no
{prefix}_XDR_ZZJG 行政相对人代码_3(组织机构代码) organisation_code
{prefix}_XDR_SWDJ 行政相对人代码_4(税务登记号) tax_no
{prefix}_XDR_SYDW 行政相对人代码_5(事业单位证书号) institution_certificate_no
{prefix}_XDR_SHZZ 行政相对人代码_6(社会组织登记证号) social_organisation_no
{prefix}_FRDB 法定代表人 legal_representative
{prefix}_FR_ZJLX 法定代表人证件类型 legal_representative_id_type
{prefix}_FR_ZJHM 法定代表人证件号码 legal_representative_id_no
{prefix}_XDR_ZJLX 自然人证件类型 person_id_type
{prefix}_XDR_ZJHM 自然人证件号码 person_id_no
""".strip()


_PENALTY = (
    _counterparty("CF")
    + """
CF_WSH 行政处罚决定书文号 document_no
CF_WFXW 违法行为类型 violation_type
CF_SY 违法事实 facts
CF_YJ 处罚依据 legal_basis
CF_CFLB 处罚类别 penalty_kinds
CF_NR 处罚内容 content
CF_NR_FK 罚款金额(万元) fine_amount
CF_NR_WFFF 没收违法所得、没收非法财物的金额(万元) confiscated_amount
CF_NR_ZKDX 暂扣或吊销证照名称及编号 licence_suspended
CF_JDRQ 处罚决定日期 decided_on
CF_YXQ 处罚有效期 valid_until
CF_GSJZQ 公示截止期 publicity_until
CF_CFJG 处罚机关 authority_name
CF_CFJGDM 处罚机关统一社会信用代码 authority_code
CF_SJLY 数据来源单位 source_unit_name
CF_SJLYDM 数据来源单位统一社会信用代码 source_unit_code
BZ 备注 remark
"""
)

_LICENCE = (
    _counterparty("XK")
    + """
XK_XKWS 行政许可决定文书名称 document_title
XK_WSH 行政许可决定文书号 document_no
XK_XKLB 许可类别 licence_kind
XK_XKZS 许可证书名称 certificate_name
XK_XKBH 许可编号 licence_no
XK_NR 许可内容 content
XK_JDRQ 许可决定日期 decided_on
XK_YXQZ 有效期自 valid_from
XK_YXQZI 有效期至 valid_to
XK_XKJG 许可机关 authority_name
XK_XKJGDM 许可机关统一社会信用代码 authority_code
XK_ZT 当前状态 state
XK_LYDW 数据来源单位 source_unit_name
XK_LYDWDM 数据来源单位统一社会信用代码 source_unit_code
BZ 备注 remark
"""
)

_REGISTRATION = """
JGMC 机构名称 name
CYM 曾用名 former_names
TYSHXYDM 统一社会信用代码 code
GSZCH 工商注册号 registration_no
LSFRDM 隶属法人统一社会信用代码 parent_code
DJZT 登记状态 status
ZTRQ 状态日期 status_on
JGLX 机构类型 enterprise_type
FDDBR 法定代表人 legal_representative
ZCZB 注册资本(万元) registered_capital
CLRQ 成立日期 founded_on
YYQX_Q 营业期限自 valid_from
YYQX_Z 营业期限至 valid_to
DJJG 登记机关 authority_name
DJJGDM 登记机关统一社会信用代码 authority_code
XZQH 登记地行政区划代码 region
ZCDZ 住所 address
NYHY 所属能源行业 sector
JYFW 经营范围 business_scope
BZ 备注 remark
"""

_LIST_ENTRY = """
ZTMC 主体名称 counterparty_name
ZTDM 统一社会信用代码 counterparty_code
MDDM 名单代码 list_code
MDMC 名单名称 list_name
LRYY 列入原因 reason
LRWSH 列入决定文书号 document_no
LRJG 列入决定机关 authority_name
LRJGDM 列入决定机关统一社会信用代码 authority_code
LRRQ 列入日期 listed_on
QXZ 列入期限至 term_end
KXFRQ 最早可申请修复日期 repair_earliest_on
YCRQ 移出日期 removed_on
YCYY 移出原因 removal_reason
YCJG 移出决定机关 removal_authority_name
MDZT 名单状态 entry_state
SJLY 数据来源单位 source_unit_name
SJLYDM 数据来源单位统一社会信用代码 source_unit_code
BZ 备注 remark
"""

_GRADE = """
ZTMC 主体名称 counterparty_name
ZTDM 统一社会信用代码 counterparty_code
PJFA 评价方案代码 scheme
XYDJ 信用等级 grade
PJDF 评价得分 score
PJJG 评价机构 authority_name
PJJGDM 评价机构统一社会信用代码 authority_code
PJZX 评价中心 evaluation_centre
ZSBH 证书编号 certificate_no
PJZQ 评价周期 period
JSRQ 评价计算日期 computed_on
FBRQ 发布日期 issued_on
YXQZ 有效期至 valid_to
PJZT 评价状态 grade_state
BZ 备注 remark
"""

_COMMITMENT = """
ZTMC 主体名称 counterparty_name
ZTDM 统一社会信用代码 counterparty_code
CNBH 承诺书编号 commitment_no
CNLX 承诺类型 commitment_type
CNSY 承诺事由 matter
CNNR 承诺内容 content
CNRQ 做出承诺日期 committed_on
LXQX 承诺履行期限 due_on
SLDW 承诺受理单位 authority_name
SLDWDM 承诺受理单位统一社会信用代码 authority_code
LYZT 承诺履约状态 fulfilment
LYRQ 履约确认日期 fulfilled_on
SJLY 数据来源单位 source_unit_name
SJLYDM 数据来源单位统一社会信用代码 source_unit_code
BZ 备注 remark
"""

_ARREARS = """
YHMC 用户名称 counterparty_name
TYSHXYDM 统一社会信用代码 counterparty_code
YDHH 用电户号 account_no
DFNY 电费年月 billing_period
GDQY 供电企业 authority_name
GDQYDM 供电企业统一社会信用代码 authority_code
YJJE 应缴电费(万元) amount_due
QFJE 欠费金额(万元) amount_unpaid
WYJ 违约金(万元) late_fee
JZRQ 缴费截止日期 due_on
CJRQ 催缴日期 urged_on
TDRQ 停电日期 cut_off_on
JQRQ 缴清日期 paid_on
QFZT 欠费状态 payment_state
BZ 备注 remark
"""

_SCOPE = "GKFW 公开范围 extra.disclosure\n"
_BULLETIN = "GGBZ 公告标志 extra.public_bulletin\n"
_PUBLICISED = "public_date 公示日期 extra.publicity_from\n"
_PUBLICITY = """
public_date 公示日期 extra.publicity_from
public_end_date 公示截止日期 extra.publicity_to
publicstatus 公示状态 extra.publicity_state
SXCD 失信程度 extra.severity
XYXF 信用修复 extra.repaired
"""
_WITHDRAWAL = """
cutreason 撤销处罚的原因说明 extra.withdrawal_reason
iscancelcase 撤销立案 extra.case_withdrawn
WFXH 违法行为序号 extra.violation_index
"""

SYSTEM: Final = _columns("SJBS 数据标识 row_id\nGXSJ 更新时间 as_of\nCZBZ 操作标志 op")
"""The row's own columns on the national platform; files and database say ROW_ID, SRC_UPDATE_TIME, OP."""


def _table(kind: str, name: str, catalog: str, business: str, extras: str) -> Table:
    return Table(kind=kind, name=name, catalog=catalog, business=_columns(business), extras=_columns(extras))


TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.kind: table
        for table in (
            _table("Registration", "credit_xyzx_fr_jbxx", "JBXX", _REGISTRATION, _SCOPE),
            _table("Licence", "credit_xyzx_fr_xzxk_new", "XZXK", _LICENCE, _SCOPE + _PUBLICISED),
            _table("Penalty", "credit_xyzx_fr_xzcf", "XZCF", _PENALTY, _SCOPE + _PUBLICITY + _WITHDRAWAL),
            _table("ListEntry", "credit_xyzx_fr_yzsx", "YZSX", _LIST_ENTRY, _SCOPE + _PUBLICITY + _BULLETIN),
            _table("Grade", "credit_xyzx_fr_xypj", "XYPJ", _GRADE, _SCOPE + _BULLETIN),
            _table("Commitment", "credit_xyzx_fr_xycn", "XYCN", _COMMITMENT, _SCOPE),
            _table("Arrears", "credit_xyzx_fr_qf", "QF", _ARREARS, _SCOPE),
        )
    },
)
"""Record kinds of the national and provincial platforms, by catalogue kind."""

NATIONAL_KINDS: Final = ("Registration", "Licence", "Penalty", "ListEntry", "Grade", "Commitment")
FILE_KINDS: Final = ("Licence", "Penalty", "ListEntry", "Commitment")
FRONT_KINDS: Final = ("Licence", "Penalty", "Arrears")


def documentation() -> str:
    """Print the column tables as Markdown, as they stand in `docs/sandbox.md`."""
    parts = []
    for table in TABLES.values():
        lines = [
            f"**{table.kind}** (`{table.name}`, `{table.catalog}`)\n",
            "| column | 中文 | becomes |",
            "|---|---|---|",
        ]
        lines += [
            f"| `{column.code}` | {column.zh} | `{column.target}` |" for column in (*table.business, *table.extras)
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
