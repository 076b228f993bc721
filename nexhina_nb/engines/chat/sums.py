"""Turns a sum in words into signs: 'what is 3 plus 4 times 2?' becomes '3 + 4 * 2'."""

from __future__ import annotations

import re
from collections.abc import Callable

from nexhina_nb.engines.chat.numbers import with_digits

_ASK = re.compile(
    r"^(?:(?:hi|hello|hey|please|so|and|now|then|ok(?:ay)?|well|can you|could you|would you|"
    r"tell me|do you know|i need to know|"
    r"i want to know|what(?:'s| is| are| does| do you get (?:for|from|when you))|how much (?:is|"
    r"are|does)|calculate|compute|evaluate|"
    r"work out|solve|simplify|find|give me|how many (?:is|are)|was (?:ist|sind|ergibt)|"
    r"wie ?viel (?:ist|sind|ergibt)|berechne|rechne|combien (?:font|fait|vaut)|calcule[rz]?|"
    r"¿?\s*cu[áa]nto (?:es|son)(?: el)?|calcula|"
    r"the (?:value|result) of|result of|value of|if you|equals?|make|quick)\b[,:]?\s*)+",
    re.I,
)
_SHARE = re.compile(
    r"(?<=%)\s+(?:tip|tax|discount|interest|commission|vat|share|sales tax)\s+(?:on|of|for|"
    r"from)\s+(?:a |the )?"
    r"(?:bill of |price of )?",
    re.I,
)
_TAIL = re.compile(
    r"(?:\s*(?:[=?.？]|(?<![\d)])!|equals?(?: what)?|equal(?: to)?(?: what)?|please|for me|是多少|"
    r"等于多少|exactly|make|come to|\bis what))+\s*$",
    re.I,
)
_PER_CENT = re.compile(
    r"(?<=\d)(?:\s+%(?!\s*[\d(√])|\s*(?:per ?cent|percent|pct)\b|\s*prozent\b)", re.I
)
_N = r"(-?[\d.,]*\d%?|\([^()]{1,80}\))"


def _binary(words: str, sign: str) -> tuple[re.Pattern[str], str]:
    return re.compile(rf"\s*\b(?:{words})\b\s*", re.I), f" {sign} "


# words → signs, in this order; each rewrite leaves an expression that means the same
_REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"[×✕·⋅∙]"), "*"),
    (re.compile(r"÷|除以"), "/"),
    (re.compile(r"加上?"), "+"),
    (re.compile(r"减去?"), "-"),
    (re.compile(r"乘以?"), "*"),
    (re.compile(r"[−–—]"), "-"),
    (re.compile(r"√\s*(\d[\d.]*)"), r"sqrt(\1)"),
    (re.compile(r"√"), "sqrt"),
    (re.compile(r"(?<=\d)e([+-]?\d{1,3})\b", re.I), r"*10**(\1)"),
    (re.compile(r"\b(sqrt|cbrt) of ", re.I), r"\1 "),
    (re.compile(r"\b(sqrt|cbrt) (-?\d[\d.]*)", re.I), r"\1(\2)"),
    (re.compile(r"²"), "**2"),
    (re.compile(r"³"), "**3"),
    (re.compile(r"π"), "pi"),
    (re.compile(r"(?<=%)\s+(?:von|de[l]?)\s+(?=\d)", re.I), " of "),
    (re.compile(r"(\d[\d.]*)\s*的\s*(\d[\d.]*%)"), r"\2 of \1"),
    (re.compile(rf"\b(?:the )?square root of {_N}", re.I), r"sqrt(\1)"),
    (re.compile(rf"\b(?:the )?(?:cube|cubic) root of {_N}", re.I), r"cbrt(\1)"),
    (
        re.compile(rf"\b(?:the )?(square|cube) of {_N}", re.I),
        lambda match: f"({match[2]})**{2 if match[1].lower() == 'square' else 3}",
    ),
    (
        re.compile(rf"\b(?:the )?factorial of {_N}|{_N}\s+factorial\b", re.I),
        lambda match: f"({match[1] or match[2]})!",
    ),
    (re.compile(rf"\b(?:the )?absolute value of {_N}", re.I), r"abs(\1)"),
    (re.compile(rf"\b(?:the )?sum of {_N} and {_N}", re.I), r"(\1 + \2)"),
    (re.compile(rf"\b(?:the )?product of {_N} and {_N}", re.I), r"(\1 * \2)"),
    (re.compile(rf"\b(?:the )?quotient of {_N} and {_N}", re.I), r"(\1 / \2)"),
    (re.compile(rf"\b(?:the )?difference (?:between|of) {_N} and {_N}", re.I), r"(\1 - \2)"),
    (
        re.compile(rf"\b(?:the )?remainder (?:when|of|if)?\s*{_N}(?: is)? divided by {_N}", re.I),
        r"(\1 % \2)",
    ),
    (re.compile(rf"^add {_N}(?<=%) to {_N}$", re.I), r"\2 + \2 * \1"),
    (re.compile(rf"^subtract {_N}(?<=%) from {_N}$", re.I), r"\2 - \2 * \1"),
    (re.compile(rf"^add {_N} (?:and|to) {_N}$", re.I), r"\1 + \2"),
    (re.compile(rf"^subtract {_N} from {_N}$", re.I), r"\2 - \1"),
    (re.compile(rf"^multiply {_N} (?:by|and|with) {_N}$", re.I), r"\1 * \2"),
    (re.compile(rf"^divide {_N} by {_N}$", re.I), r"\1 / \2"),
    (
        re.compile(rf"\b(?:one|a|1) ?half of {_N}|\bhalf of {_N}|\bhalf {_N}", re.I),
        lambda match: f"({next(part for part in match.groups() if part)} / 2)",
    ),
    (re.compile(rf"\b(?:a|one|1) third of {_N}", re.I), r"(\1 / 3)"),
    (re.compile(rf"\b(?:a|one|1) quarter of {_N}", re.I), r"(\1 / 4)"),
    (re.compile(rf"\b(?:twice|double) {_N}", re.I), r"(2 * \1)"),
    (re.compile(rf"\btriple {_N}", re.I), r"(3 * \1)"),
    (re.compile(rf"{_N}\s*% off (?:of )?{_N}", re.I), r"(\2 - \2 * \1 / 100)"),
    (re.compile(rf"^(?:increase {_N} by|add \d+% to) {_N}%$", re.I), r"\1 + \1 * \2 / 100"),
    (re.compile(rf"^(?:decrease|reduce) {_N} by {_N}%$", re.I), r"\1 - \1 * \2 / 100"),
    (re.compile(rf"{_N}\s*(?<=%) of {_N}", re.I), r"(\1 * \2)"),
    (re.compile(r"(?<=[\d)])\s+of\s+(?=[\d(])", re.I), " * "),
    (re.compile(r"\s+squared\b", re.I), "**2"),
    (re.compile(r"\s+cubed\b", re.I), "**3"),
    _binary(r"(?:raised )?to the power(?: of)?|to the", "**"),
    _binary(r"multiplied by|times|mal|fois|por|x(?=\s*[\d(])", "*"),
    (re.compile(r"(?<=\d)x(?=\d)", re.I), "*"),
    _binary(r"divided by|over|geteilt durch|durch|divisé par|dividido (?:por|entre)", "/"),
    _binary(r"plus|más|added to|and then add", "+"),
    _binary(r"minus|moins|menos|take away|less", "-"),
    _binary(r"modulo|modulus|mod", "%"),
    (re.compile(rf"^{_N}\s*([+-])\s*{_N}(?<=%)$", re.I), r"\1 \2 \1 * \3"),
    (re.compile(r"(?<=\d)(?:st|nd|rd|th)(?: power)?\b", re.I), ""),
    (re.compile(r"\$(?=\d)"), ""),
    (re.compile(r"(?<=\d)(?=\()|(?<=\))(?=[\d(])"), " * "),
)


def expression(task: str) -> str:
    """The task as an expression in signs: 'what is 3 plus 4?' → '3 + 4'."""
    text = _TAIL.sub("", _ASK.sub("", task.strip())).strip()
    text = _TAIL.sub("", with_digits(text)).strip()
    text = _SHARE.sub(" of ", _PER_CENT.sub("%", text.replace("$", "")))
    for pattern, put in _REWRITES:
        text = pattern.sub(put, text)
    return _ASK.sub("", " ".join(text.split())).removeprefix("the ")
