"""Random values of catalogued fields: what a source may send, with everything that makes two executors differ."""

from random import Random

from schema.catalogue.model import FieldSpec, FieldType
from schema.rules.book import Rules

TEXTS = (
    "",
    " ",
    "张伟",
    "欧阳锋",
    "王",
    "*",
    "O'Neill",
    "11010519491231002X",
    "110105********002*",
    "法定代表人张伟，电话13800138000，邮箱zhang@example.com",
    "经办人：李雷 身份证号码：110105194912310029；2026-01-02处罚10万元",
    "责任人欧阳娜娜身份证11010519491231002X及银行卡号6222021234567890123",
    '引号"反斜线\\斜线/换行\n制表\t回车\r零\x00单元\x1f删除\x7f',
    "行分隔\u2028段分隔\u2029零宽\u200b字节序\ufeff替换\ufffd",
    "表情😀扩展汉字𠀀𪚥合字e\u0301末位\U0010ffff",
    "<script>alert('&amp;')</script>",
    "null",
    "true",
    "0",
    "-1.50",
    "A" * 120,
    "处罚决定书文号川能监罚〔2026〕1号",
    "存续",
    "注销",
    "ß",
    "ﬁ",
    "ＡＢＣ１２３",
)
AMOUNTS = (
    "0", "0.00", "-0", "0.999999", "1", "1.0", "01.5", "9.999999", "10", "29.99", "30", "100", "100.00", "100.000001",
    "-5", "+7.5", "99999999.999999", "123456789012345678901234567890.5", "", "abc", "1e3", "NaN", "10-30", ">100",
)  # fmt: skip
DAYS = (
    "2020-02-29", "2023-11-20", "2025-01-01", "2025-12-31", "2026-03-31", "2026-11-19", "2026-11-20", "2026-11-21",
    "2027-01-01", "2099-12-31", "1999-12-31",
)  # fmt: skip
ODD_DAYS = ("2026-11", "2026-13-01", "20261120", "2026-11-20T04:00:00.000000Z", "", "长期")
INSTANTS = ("2026-11-20T04:00:00.000000Z", "1999-12-31T16:00:00.000000Z", "2026-11-20T03:59:59.999999Z")
INTEGERS = (0, 1, -1, 7, 2**31 - 1, -(2**31))
NAMES = (
    "天府试验电力有限公司",
    "锦江能源集团",
    "锦江",
    "tfsydl",
    "TFSY",
    "电力",
    "  天府试验电力有限公司 ",
    "😀",
    "%_",
    "x",
)


class Values:
    """Draws values per field from a few of its own, so that rows tie and filters match. One per world."""

    def __init__(self, dice: Random, rules: Rules) -> None:
        self._dice = dice
        self._lists = rules.value_lists
        self._drawn: dict[str, list[object]] = {}

    def of(self, spec: FieldSpec, *, mistyped: bool = False) -> object:
        """Draw a value of *spec*, None a fifth of the time; *mistyped*: now and then one of another type."""
        dice = self._dice
        if dice.random() < 0.2:
            return None
        if mistyped and dice.random() < 0.02:
            return dice.choice((5, True, 1.5))
        drawn = self._drawn.setdefault(spec.coordinate, [])
        if len(drawn) < 5:
            drawn.append(self._new(spec))
        return dice.choice(drawn)

    def text(self) -> str:
        """Draw any text."""
        return self._dice.choice(TEXTS)

    def _new(self, spec: FieldSpec) -> object:  # noqa: PLR0911  one line per type
        dice = self._dice
        listed = self._lists.get(spec.field.values or "")
        texts = listed.values if listed and listed.values and dice.random() < 0.8 else TEXTS
        match spec.field.type:
            case FieldType.DATE:
                return dice.choice(ODD_DAYS if dice.random() < 0.1 else DAYS)
            case FieldType.TIME:
                return dice.choice(INSTANTS)
            case FieldType.AMOUNT | FieldType.DECIMAL:
                return dice.choice(AMOUNTS)
            case FieldType.INTEGER:
                return dice.choice(INTEGERS)
            case FieldType.BOOLEAN:
                return dice.random() < 0.5
            case FieldType.TEXTS:
                return tuple(dice.choice(texts) for _ in range(dice.choice((0, 1, 1, 2, 4))))
            case FieldType.TEXT | FieldType.CODE:
                return dice.choice(texts)
