"""
How a text arrives and how it is kept: empty words, stray characters, full-width digits, mojibake (DG01, DG16).

Rules:
    - `无`, `/`, `null`, `暂无` and white space count as empty (no field of the catalogue takes 无 for an answer).
    - What can be mended without loss is mended and warned of: control and invisible characters dropped, full-width
      letters and digits made half-width. What cannot (replacement characters, text decoded by the wrong table) stays.
    - A lone surrogate has no place in any file: it becomes a replacement character.

Source: DOMAIN 2.5.
"""

import re
from enum import Enum

EMPTY_WORDS = frozenset({"", "无", "/", "null", "NULL", "Null", "暂无"})

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_INVISIBLE = r"\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_FULL_WIDTH = r"\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_BROKEN = r"\ufffd\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
_SURROGATES = r"\ud800-\udfff"
# First characters of text that was decoded by the wrong table; each alone proves nothing.
_MOJIBAKE_HEADS = "锟烫鏈鍏鐢鎴涓Ãäåæçèéïâ"

SUSPECT = re.compile(f"[{_CONTROL}{_INVISIBLE}{_FULL_WIDTH}{_BROKEN}{_SURROGATES}{_MOJIBAKE_HEADS}]")
"""Finds a character that makes a closer look worth while. A text without one is clean."""

_DROPPED = re.compile(f"[{_CONTROL}{_INVISIBLE}]")
_WIDE = re.compile(f"[{_FULL_WIDTH}]")
_LOST = re.compile(f"[{_BROKEN}{_SURROGATES}]")
_LONE = re.compile(f"[{_SURROGATES}]")
# UTF-8 read as GBK (鏈夐檺 is 有限, 鍏徃 公司, 鐢靛姏 电力, 鎴愰兘 成都, 涓浗 中国), and UTF-8 read as Latin-1.
_MOJIBAKE = re.compile(
    "锟斤拷|烫烫烫|鏈夐檺|鍏徃|鐢靛姏|鎴愰兘|涓浗|â€|ï¿½|(?:[äåæçèé][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]{1,2}){2}"
)
_TO_HALF = {wide: wide - 0xFEE0 for low, high in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
            for wide in range(low, high + 1)}  # fmt: skip


class TextFault(Enum):
    """What is wrong with a text: zh and en for the message."""

    STRAY = ("含控制字符或不可见字符，已删除", "has control or invisible characters, dropped")
    WIDE = ("含全角字母或数字，已转为半角", "has full-width letters or digits, made half-width")
    BROKEN = ("含乱码，请核对编码", "is garbled, check its encoding")

    @property
    def zh(self) -> str:
        """Chinese text."""
        return self.value[0]

    @property
    def en(self) -> str:
        """English text."""
        return self.value[1]


def mended(text: str) -> tuple[str, tuple[TextFault, ...]]:
    """Mend what can be mended in *text* without loss, and say what was wrong. Idempotent."""
    faults = []
    # Latin-1 mojibake shows in the very characters that are dropped next.
    garbled = _LOST.search(text) or _MOJIBAKE.search(text)
    if _DROPPED.search(text):
        text = _DROPPED.sub("", text)
        faults.append(TextFault.STRAY)
    if _WIDE.search(text):
        text = text.translate(_TO_HALF)
        faults.append(TextFault.WIDE)
    if garbled:
        text = _LONE.sub("\ufffd", text)
        faults.append(TextFault.BROKEN)
    return text, tuple(faults)
