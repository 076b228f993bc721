"""Small pieces of code: well-known algorithms, functions with a described signature, and plain SQL
statements.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.languages import load
from nexhina_nb.engines.chat.material import order_of
from nexhina_nb.engines.chat.payload import given
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.words import STOP, sentences, words

_ASK = re.compile(
    r"\b(?:write|create|make|give|show|implement|code|generate|define|need|code (?:to|for|that)|"
    r"how (?:do|would|"
    r"can) (?:i|you) (?:write|implement|code))\b",
    re.I,
)
_SUBJECT = re.compile(
    r"\b(?:python|javascript|js|typescript|sql|function|code|program|script|algorithm|method|def|"
    r"query|snippet|statement)\b",
    re.I,
)
_TEXT_WORK = re.compile(
    r"^(?:please |now |can you |could you )*(?:summari[sz]e|tl;?dr|shorten|condense|classify|"
    r"categori[sz]e|label|translate|count|sort|extract|rewrite|reverse|uppercase|lowercase|"
    r"capitali[sz]e|repeat|how many|what|which|who|is|are|does|spell|detect|identify|proofread)\b",
    re.I,
)
_EXPLAIN = re.compile(
    r"^(?:please |can you |could you )*(?:explain|describe|review|debug|refactor|document|walk me "
    r"through|what does|comment)\b[^\n:]{0,40}\b(?:code|function|snippet|program|script|query|"
    r"line|method|do(?=\s*[:?]))",
    re.I,
)
_CODE = re.compile(r"```|\w\(|\w ?[-+*]?= ?\S|;\s*$|\bselect\b.+\bfrom\b", re.I | re.M)
_OTHER = re.compile(
    r"\b(?:in|a|an) (rust|java|c\+\+|c#|go|golang|ruby|php|swift|kotlin|haskell|perl|bash|scala|"
    r"r|c)\b(?!\w|-)",
    re.I,
)
_NAMED = re.compile(
    r"\b(?:called|named)\s+[`\"']?([A-Za-z_]\w{0,40})[`\"']?|\b(?:function|"
    r"method)\s+[`\"']?([a-z_]\w*(?=\())",
    re.I,
)
_SIGNATURE = re.compile(r"\b([A-Za-z_]\w{0,40})\(([\w\s,:=]{0,120})\)")
_TAKES = re.compile(
    r"\b(?:takes?|accepts?|with (?:the )?(?:parameters?|arguments?|inputs?)|given|receives?|"
    r"of)\s+(?:in )?(?:as (?:input|parameters?) )?"
    r"((?:(?:a|an|the|two|three|one|and|or|,|numbers?|integers?|strings?|parameters?|arguments?|"
    r"list of|inputs?)\s*)*[\w, ]{1,80}?)"
    r"(?=\s+(?:and )?(?:returns?|that|to|which|as|in|using|prints?|computes?|calculates?)\b|"
    r"[.;:]|$)",
    re.I,
)
_LONE_A = re.compile(r"\ba\b(?=\s*(?:,|$|and [b-z]\b))")
_FILLER_WORDS = (
    "a an the two three one and or numbers number integers integer strings string parameters "
    "parameter arguments argument inputs "
    "input list of in as their values value"
)
_FILLER = frozenset(_FILLER_WORDS.split())
_RESULTS: tuple[tuple[str, str], ...] = (
    (r"\b(?:sum|adds?|adding|addition|plus|total)\b", " + "),
    (r"\b(?:product|multipl\w+|area)\b", " * "),
    (r"\b(?:difference|subtract\w*)\b", " - "),
    (r"\b(?:quotient|divid\w+|ratio)\b", " / "),
    (r"\b(?:concat\w*|joins?)\b", " + "),
)


def answer(prompt: Prompt) -> Answer | None:
    """Writes the code that is described, where it is one of the known kinds."""
    task = prompt.task[:2_000]
    if _EXPLAIN.search(task) and _CODE.search(task):
        return Answer(
            "I do not know what that code does: I write small pieces, I read none.", "unknown"
        )
    if not _is_asked(task):
        return None
    if re.search(r"\bsql\b|\bselect (?:statement|query)\b", task, re.I):
        return _sql(task)
    other = _OTHER.search(task)
    if other and not re.search(r"python|javascript|\bjs\b", task, re.I):
        return Answer(f"I can write Python, JavaScript and SQL, not {other[1]}.", "unknown")
    language = (
        "javascript"
        if re.search(r"\b(?:javascript|js|typescript|node)\b", task, re.I)
        else "python"
    )
    return _known(task, language) or _described(task, language)


def _is_asked(task: str) -> bool:
    """Whether the order itself wants code; a text to work on may say what it likes."""
    order = order_of(task)
    text = given(order)
    head = order.replace(text, " ", 1) if text and _TEXT_WORK.search(order) else order
    if re.match(r"^(?:python|javascript|sql)\b", head, re.I):
        return True
    return any(_ASK.search(part) and _SUBJECT.search(part) for part in sentences(head))


def _block(language: str, code: str) -> Answer:
    return Answer(f"```{language}\n{code}\n```", code)


def _known(task: str, language: str) -> Answer | None:
    for name, row in load("code").items():
        if re.search(rf"\b(?:{row['words']})", task, re.I):
            code = row[language]
            named = _NAMED.search(task)
            wanted = named and (named[1] or named[2])
            if wanted:
                own = name if language == "python" else _camel(name)
                code = re.sub(rf"\b{own}\b(?=\()", wanted, code)
            return _block(language, code)
    return None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _described(task: str, language: str) -> Answer | None:
    signature = _SIGNATURE.search(task)
    named = _NAMED.search(task)
    name = signature[1] if signature else named and (named[1] or named[2])
    taken = signature[2] if signature else (match[1] if (match := _TAKES.search(task)) else "")
    taken = _LONE_A.sub("a_", taken)  # the parameter, not the article
    parameters = [
        word.removesuffix("_")
        for word in re.findall(r"[A-Za-z_]\w*", taken)
        if word.lower() not in _FILLER and len(word) < 30
    ]
    sign = next((sign for pattern, sign in _RESULTS if re.search(pattern, task, re.I)), "")
    name = name if name and name.lower() not in STOP else ""
    if not name and not parameters and not sign:
        return None
    if not parameters and sign:
        parameters = ["a", "b"]
    body = sign.join(parameters) if sign and len(parameters) > 1 else ""
    return _block(language, _skeleton(name or _verb(task), parameters[:8], body, language))


def _verb(task: str) -> str:
    match = re.search(r"\b(?:to|that|which)\s+(?:takes? .{0,40}? and )?(\w+)", task)
    known = {"adds": "add", "returns": "compute", "takes": "compute"}
    return known.get(match[1].lower(), re.sub(r"s$", "", match[1].lower())) if match else "compute"


def _skeleton(name: str, parameters: list[str], body: str, language: str) -> str:
    inside = ", ".join(parameters)
    if language == "javascript":
        line = f"return {body};" if body else f'throw new Error("{name} is not written yet");'
        return f"function {name}({inside}) {{\n  {line}\n}}"
    line = f"return {body}" if body else f'raise NotImplementedError("{name} is not written yet")'
    return f"def {name}({inside}):\n    {line}"


def _sql(task: str) -> Answer | None:
    table = re.search(
        r"\b(?:from|table|in|into)\s+(?:the\s+|a\s+|table\s+|called\s+|"
        r"named\s+)*[`\"']?([A-Za-z_]\w*)[`\"']?(?:\s+table)?",
        task,
    )
    name = next(
        (
            match
            for match in re.findall(
                r"\b(?:called|named) [`\"']?(\w+)|\b(?:the|from|into) [`\"']?(\w+)[`\"']? table|"
                r"\btable [`\"']?(\w+)",
                task,
            )
            for match in match
            if match and match.lower() not in ("with", "called", "named", "that")
        ),
        table[1] if table else "",
    )
    if not name or name.lower() in ("sql", "the", "a"):
        people = re.search(r"\ball (?:the )?(\w+)\b", task)
        name = people[1] if people else ""
    if not name:
        return None
    if re.search(
        r"\bcreate (?:a |the )?(?:sql )?table\b|\btable (?:definition|schema)\b", task, re.I
    ):
        return _create(name, task)
    return _block("sql", _select(name, task))


def _create(name: str, task: str) -> Answer | None:
    columns = re.search(
        r"\b(?:columns?|fields?|with)\b:?\s+(?:columns?\s+|fields?\s+)?([\w\s,()]{2,200}?)[.;]?$",
        task,
        re.I,
    )
    found = (
        [part for part in words(columns[1]) if part not in ("and", "columns", "the", "an", "a")]
        if columns
        else []
    )
    if not found:
        return None
    rows = [
        f"  {column} {'INTEGER PRIMARY KEY' if column == 'id' else _type(column)}"
        for column in found
    ]
    return _block("sql", f"CREATE TABLE {name} (\n" + ",\n".join(rows) + "\n);")


def _type(column: str) -> str:
    if re.search(r"(?:_id|age|count|year|quantity|number|qty|stock)$", column):
        return "INTEGER"
    if re.search(r"price|amount|cost|total|salary|rate|weight|height", column):
        return "NUMERIC"
    return "DATE" if re.search(r"date|created|updated|birthday", column) else "TEXT"


_ABOVE = frozenset(("greater", "more", "over", "above", "older", ">"))
_BELOW = frozenset(("less", "under", "below", "younger", "<"))


def _select(name: str, task: str) -> str:
    order = re.search(r"\b(?:ordered|sorted|order|sort) by (\w+)(.{0,20}desc)?", task, re.I)
    limit = re.search(r"\b(?:top|first|limit)\s+(\d+)", task, re.I)
    what = "COUNT(*)" if re.search(r"\bcount|how many", task, re.I) else "*"
    lines = [f"SELECT {what}", f"FROM {name}", *_where(task)]
    if order:
        lines.append(f"ORDER BY {order[1]}{' DESC' if order[2] else ''}")
    if limit:
        lines.append(f"LIMIT {limit[1]}")
    return "\n".join(lines) + ";"


def _where(task: str) -> list[str]:
    """The condition as a line, if there is one; 'older than 30' compares an age."""
    where = re.search(
        r"\b(?:where|whose|with|who are)\b(?:\s+(?:the|an?)\b)?\s+(\w+)?\s*(?:is |"
        r"are )?(?:(greater|more|over|above|older|less|under|below|younger|"
        r"equal|equals|=|>|<)\s*(?:than|to)?\s*)?['\"]?([\w.-]+)['\"]?",
        task,
        re.I,
    )
    if where and where[1] and where[2]:
        said = where[2].lower()
        sign = ">" if said in _ABOVE else "<" if said in _BELOW else "="
        value = where[3] if re.fullmatch(r"-?\d+(?:\.\d+)?", where[3]) else f"'{where[3]}'"
        return [f"WHERE {where[1]} {sign} {value}"]
    aged = re.search(r"\b(older|younger) than (\d+)", task, re.I)
    if aged is None:
        return []
    return [f"WHERE age {'>' if aged[1].lower() == 'older' else '<'} {aged[2]}"]
