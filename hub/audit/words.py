"""
A verdict in plain words, Chinese and English: what was shown, masked and denied, to whom, when, what for.

What is printed came from outside, if by way of a valid receipt: whatever a terminal might obey is replaced.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from hub.audit.verify import Verdict
from keys.canonical import Json, canonical_json

Language: TypeAlias = Literal["zh", "en"]

_SHOWN_AT_MOST = 50
_PUBLIC = {"zh": "公众", "en": "the public"}
_VERDICT = {True: {"zh": "回执有效", "en": "VALID"}, False: {"zh": "回执无效", "en": "NOT VALID"}}
_MARK = {True: "✓", False: "✗", None: "-"}
_NONE = {"zh": "无", "en": "none"}
_MORE = {"zh": "等共 {count} 项", "en": "and more, {count} in all"}
_WITHHELD = {"zh": "持有人未出示", "en": "not shown by the holder"}
_KINDS = {
    "disclosure": {"zh": "披露", "en": "disclosure"},
    "denial": {"zh": "拒绝", "en": "denial"},
    "policy": {"zh": "授权规则变更", "en": "change of policy"},
    "partner": {"zh": "接入方变更", "en": "change of a partner"},
    "key": {"zh": "密钥事件", "en": "key event"},
    "change": {"zh": "变更单", "en": "change set"},
    "grant": {"zh": "授权许可", "en": "grant"},
    "consent": {"zh": "授权书", "en": "consent"},
    "label": {"zh": "记录定级", "en": "label of a record"},
    "break_glass": {"zh": "应急授权", "en": "break-glass access"},
    "alarm": {"zh": "告警", "en": "alarm"},
    "officer": {"zh": "管理员账号", "en": "officer's account"},
    "session": {"zh": "管理员会话", "en": "officer's session"},
    "token": {"zh": "令牌事件", "en": "token event"},
    "simulation": {"zh": "影响预演", "en": "simulation"},
    "explanation": {"zh": "判定说明", "en": "explanation"},
    "erasure": {"zh": "清除", "en": "erasure"},
}
# In the order they are read out; what an entry has besides comes after, under its own name.
_LABELS = {
    "at": {"zh": "时间", "en": "when"},
    "asker": {"zh": "查询方", "en": "asked by"},
    "actor": {"zh": "身份类别", "en": "as"},
    "organisation": {"zh": "所属单位", "en": "of"},
    "purpose": {"zh": "用途", "en": "purpose"},
    "context": {"zh": "事由", "en": "for"},
    "policy": {"zh": "规则版本", "en": "policy version"},
    "catalogue": {"zh": "目录版本", "en": "catalogue version"},
    "subjects": {"zh": "信用主体", "en": "subjects"},
    "served": {"zh": "明文提供", "en": "served"},
    "masked": {"zh": "脱敏提供", "en": "masked"},
    "denied": {"zh": "拒绝提供", "en": "denied"},
    "operation": {"zh": "操作名", "en": "operation"},
    "document": {"zh": "查询文档", "en": "document"},
    "answer": {"zh": "响应摘要", "en": "digest of the answer"},
}


def verdict_lines(verdict: Verdict, language: Language) -> list[str]:
    """Put *verdict* into words, one fact a line; of a verdict that is not valid, only what failed."""
    lines = [_VERDICT[verdict.valid][language]]
    lines += [
        f"  {_MARK[finding.holds]} {_safe(finding.zh if language == 'zh' else finding.en)}"
        for finding in verdict.findings
    ]
    if not verdict.valid or verdict.kind is None:
        return lines
    kind = _KINDS.get(verdict.kind, {}).get(language, _safe(verdict.kind))
    lines.append(f"  {'类别' if language == 'zh' else 'kind'}: {kind}")
    known = [name for name in _LABELS if name in verdict.values]
    known += sorted(verdict.values.keys() - _LABELS.keys())
    lines += [f"  {_label(name, language)}: {_value(name, verdict.values[name], language)}" for name in known]
    if verdict.withheld:
        names = ", ".join(_label(name, language) for name in verdict.withheld)
        lines.append(f"  {_WITHHELD[language]}: {names}")
    return lines


def _label(name: str, language: Language) -> str:
    return _LABELS[name][language] if name in _LABELS else _safe(name)


def _value(name: str, value: Json, language: Language) -> str:
    if value is None:
        return _PUBLIC[language] if name == "asker" else _NONE[language]
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, Mapping):
        return _listed([f"{key}={_plain(part)}" for key, part in value.items()], language)
    if isinstance(value, Sequence):
        return _listed([_plain(part) for part in value], language)
    return _plain(value)


def _listed(items: Sequence[str], language: Language) -> str:
    if not items:
        return _NONE[language]
    shown = ", ".join(_safe(item) for item in items[:_SHOWN_AT_MOST])
    if len(items) <= _SHOWN_AT_MOST:
        return shown
    return f"{shown}, {_MORE[language].format(count=len(items))}"


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode()


def _safe(text: str) -> str:
    """Replace what a terminal might obey: control characters, and marks that turn the direction of writing."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
