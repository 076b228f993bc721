"""JSON answers: an object for a schema, for the keys that the task names, or around the plain
answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from nexhina_nb.engines.chat import fields, figures, shape
from nexhina_nb.engines.chat.conversation import Talk
from nexhina_nb.engines.chat.labels import mood
from nexhina_nb.engines.chat.languages import detect, name_of
from nexhina_nb.engines.chat.numbers import find_numbers, show
from nexhina_nb.engines.chat.payload import given, quoted
from nexhina_nb.engines.chat.picture_facts import RECORDS, any_fact, fact, named
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.schema import Schema, kind_of, resolve
from nexhina_nb.engines.chat.skills import summaries
from nexhina_nb.engines.chat.skills.extracts import keywords
from nexhina_nb.engines.chat.source import Source
from nexhina_nb.engines.chat.values import Build
from nexhina_nb.engines.chat.words import sentences

_ANSWER = re.compile(
    r"^(?:final_?)?(?:answer|result|response|reply|output|solution|value|sum|total)$", re.I
)
_AMOUNT = re.compile(r"^(?:output|value|sum|total)$", re.I)
_ASKED = re.compile(
    r"\?|\b(?:what|how (?:many|much)|calculate|compute|add|sum|solve|plus|minus|times)\b", re.I
)
_SET = re.compile(
    r"\b(?:keys?|fields?|properties)\s+([\w\s,\"'`-]{1,300}?)\s+(?:(?:set|equal) to|as|=|"
    r"(?:with|and) (?:the )?values?)\s+([^\n{}]{1,500}?)(?: respectively)?[.!?]*$",
    re.I,
)
_TOLD = re.compile(
    r"\bjson\b(?: object| document| record)?\s*(?:with|containing|where|having|for|of|:)\s+"
    r"(?:the (?:fields|keys|values|pairs)\s+)?([^\n{}]{3,1000})$",
    re.I,
)
_PAIR = re.compile(
    r"(?:an? |the |key )?(?P<key>[A-Za-z_]\w{0,39})\s*(?:is|=|:|set to|equal to|as|of)?\s+(?P<sure>"
    r"\"(?P<text>[^\"]{1,500})\"|-?\d[\d.]{0,17}|true|false|null|"
    r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,5})"
    r"|(?:an? |the |key )?(?P<key2>[A-Za-z_]\w{0,39})\s*(?:is|=|:|set to|equal to|as)?\s+"
    r"(?P<word>[a-z][\w@.-]{0,60})"
)
_EXAMPLE = re.compile(r"\{[^{}]{2,1000}\}")
_WHY = re.compile(
    r"^(?:explanation|reasoning|rationale|reason|steps?|thought|thinking|analysis|"
    r"chain_of_thought|justification)$",
    re.I,
)


def for_schema(talk: Talk, prompt: Prompt, answer: Answer) -> str:
    """A JSON text that is valid against the request's schema."""
    schema = talk.schema or {}
    source = Source(source_text(talk, prompt))
    build = Build(schema, source, lambda name, row: _known(name, row, source.text, prompt, answer))
    if not schema or (
        "type" not in schema
        and kind_of(schema) == "string"
        and not {"enum", "const", "anyOf", "oneOf", "allOf", "$ref"} & schema.keys()
    ):
        return shape.as_json(answer)
    # what is no object is itself the answer
    name = "" if kind_of(resolve(schema, schema)) in ("object", "array") else "answer"
    return json.dumps(build.value(schema, name), ensure_ascii=False)


def for_keys(talk: Talk, prompt: Prompt, answer: Answer) -> str | None:
    """A JSON object with the keys that the task or the system message names, null where the text
    says nothing.
    """
    keys = fields.keys_named(prompt.task) or fields.keys_named(prompt.system)
    told = _set(prompt.task) or _told(prompt.task)
    if told:
        return json.dumps(told, ensure_ascii=False)
    if not keys and prompt.pictures:
        keys = named(prompt.pictures[0], prompt.task)
    if not keys:
        return _pairs(given(prompt.task) or prompt.task)
    shown = replace(prompt, task=_EXAMPLE.sub(" ", prompt.task))
    source = Source(source_text(talk, shown))
    made = {}
    for key in keys[:64]:
        seen = any_fact(prompt.pictures[0], key) if prompt.pictures else None
        made[key] = _guess(key, source, answer) if seen is None else seen
    return json.dumps(made, ensure_ascii=False)


def _set(task: str) -> dict[str, Any]:
    """'Keys a and b set to 1 and 2': each key with the value of its place."""
    match = _SET.search(task)
    if match is None:
        return {}
    keys, values = (
        [part.strip(" \"'`") for part in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", side)]
        for side in match.groups()
    )
    if len(keys) != len(values) or not all(re.fullmatch(r"[\w-]+", key) for key in keys):
        return {}
    return dict(zip(keys, map(shape.typed, values), strict=True))


def _told(task: str) -> dict[str, Any]:
    """'With name Ada and age 36': the keys with their values; empty where a part has no value."""
    match = _TOLD.search(task)
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", match[1].rstrip(".!? ")) if match else []
    found = [_PAIR.fullmatch(part.strip()) for part in parts]
    if not found or not all(found) or not any(row["sure"] for row in found if row):
        return {}
    return {
        row["key"] or row["key2"]: row["text"] or shape.typed(row["sure"] or row["word"])
        for row in found
        if row
    }


def _pairs(text: str) -> str | None:
    """'name=Ada, age=36' as an object."""
    parts = [part for part in re.split(r"[,;\n]", text) if part.strip()]
    found = [re.fullmatch(r"\s*([\w -]{1,40}?)\s*[=:]\s*(.{1,500}?)\s*", part) for part in parts]
    if not found or not all(found):
        return None
    made = {match[1]: shape.typed(match[2].strip("\"'")) for match in found if match}
    return json.dumps(made, ensure_ascii=False)


def for_answer(answer: Answer) -> str:
    """A JSON object around the plain answer."""
    return shape.as_json(answer)


def source_text(talk: Talk, prompt: Prompt) -> str:
    """What the fields are read from: the given text, tool results, what the pictures look like, and
    earlier turns where the task is short.
    """
    text = given(prompt.task) or prompt.task
    if text in quoted(prompt.task) and not _is_material(text, prompt.task):
        text = prompt.task
    if re.match(r"[^\n:.?!]*(?:\d{3,}|\b[A-Z]{1,4}-?\d)[^\n:.?!]*:", prompt.task):
        text = prompt.task  # 'Order 5512: …' is no order
    told = [text, *(result.text for result in talk.results)]
    told += [look.sentence for look in prompt.pictures]
    if len(prompt.task.split()) < 12:
        told += [turn.text for turn in reversed(prompt.turns) if turn.role in ("user", "tool")]
    return "\n".join(told)[:60_000]


def _is_material(text: str, task: str) -> bool:
    """Whether a quotation is the text to read, and not a title inside of it."""
    rest = len(task.split()) - len(text.split())
    opens = re.search(
        rf"(?:[:：]|\b(?:from|in|of|text|sentence|this))\s*[\"'“‘«]\s?{re.escape(text)}", task
    )
    return bool(opens) or len(text.split()) > 4 or rest < 5


def _known(name: str, schema: Schema, text: str, prompt: Prompt, answer: Answer) -> Any:
    """What the pictures tell for a field, else what the skills know."""
    holds = kind_of(schema.get("items") or {}) if kind_of(schema) == "array" else ""
    kind = RECORDS if holds == "object" else kind_of(schema)
    for look in prompt.pictures:
        if (found := fact(look, name, kind)) is not None:
            return found
    return None if kind == RECORDS else _own(name, schema, text, answer)


def _own(name: str, schema: Schema, text: str, answer: Answer) -> Any:
    """What the skills know for a field of this name; None where they know nothing special."""
    kind = kind_of(schema)
    if kind == "array":
        return keywords(text) if re.search(r"keyword|tags?$|topics$", name, re.I) else None
    if kind in ("number", "integer"):
        return _own_number(name, kind, text, answer)
    if kind == "string" and "format" not in schema:
        return _own_text(name, text, answer)
    if (
        kind == "boolean"
        and answer.brief in ("yes", "no")
        and not re.search(r"\bis_?\w*(?:active|member)", name)
    ):
        return answer.brief == "yes"
    return None


def _own_number(name: str, kind: str, text: str, answer: Answer) -> float | int | None:
    if re.search(r"confidence|probability|certainty", name, re.I):
        score = abs(mood(text).score)
        return round(score) if kind == "integer" else score or 0.5
    if re.search(r"sentiment|polarity", name, re.I):
        return round(mood(text).score) if kind == "integer" else round(mood(text).score, 3)
    if not _ANSWER.match(name) or (_AMOUNT.match(name) and not _computed(name, text)):
        return None
    found = find_numbers(answer.core)
    if not found or answer.brief == "unknown":
        return None
    whole = found[0].denominator == 1
    return int(found[0]) if kind == "integer" or whole else float(show(found[0]))


def _computed(name: str, text: str) -> bool:
    """Whether a total is asked for; one that stands in the text is read, not worked out."""
    written = re.search(rf"\b{re.escape(name)}\b\s*(?:[:=]|is|was|of)?\s*\D{{0,4}}\d", text, re.I)
    return bool(not written and (_ASKED.search(text) or not re.search(r"[a-z]{3}", text, re.I)))


def _own_text(name: str, text: str, answer: Answer) -> str | None:
    if _ANSWER.match(name) and not answer.text.startswith("Noted"):
        return sentences(answer.text)[0] if answer.brief == "unknown" else answer.core
    if _WHY.match(name):
        return answer.text
    if re.search(r"sentiment|polarity", name, re.I):
        score = mood(text).score
        return "positive" if score > 0.2 else "negative" if score < -0.2 else "neutral"
    if re.search(r"summary|tl_?dr|abstract|synopsis", name, re.I):
        return " ".join(summaries.rank(sentences(text), 1)) or None
    if re.search(r"^(?:title|headline)$", name, re.I) and len(text.split()) > 12:
        return summaries.title(text)
    if re.search(r"^(?:detected_)?language$", name, re.I):
        code = detect(text)
        return name_of(code) if code else None
    return None


def _guess(key: str, source: Source, answer: Answer) -> Any:
    """The value of a key that has no schema: its name says what it is."""
    low = key.lower()
    if re.search(
        r"^(?:is|has|can|in|should)[_A-Z]|^(?:available|active|enabled|valid|correct)$", key
    ):
        return fields.boolean(key, "", source)
    if re.search(
        r"\b(?:age|year|count|quantity|qty|price|cost|amount|total|number|score|rating|height|"
        r"weight|temperature|confidence)\b",
        low.replace("_", " "),
    ):
        own = _own_number(key, "number", source.text, answer)
        return own if own is not None else figures.number(key, "", source, False)
    if re.search(
        r"(?:names|emails|cities|places|people|participants|items|dates|tags|keywords|topics|"
        r"urls|ingredients|colou?rs|hobbies|skills)$",
        low,
    ):
        return (
            _own(key, {"type": "array"}, source.text, answer)
            or fields.strings(key, "", source)
            or []
        )
    own_text = _own_text(key, source.text, answer)
    if own_text is not None:
        return shape.typed(own_text) if _ANSWER.match(key) else own_text
    found = fields.string(key, "", source)
    return found if found is not None else fields.boolean(key, "", source)
