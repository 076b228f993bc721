"""The engine's own sentences in six languages, and which language a text is in."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from importlib import resources
from typing import Any

# Names a request may use; the table in data/languages.json has the same ones (a test compares).
NAMED = (
    "English|Englisch|anglais|inglés|英文|英语|英語|German|Deutsch|allemand|alemán|德语|ドイツ語|"
    "French|Französisch|français|francés|法语|フランス語|Spanish|Spanisch|espagnol|español|西班牙语|スペイン語|"
    "Chinese|Mandarin|Chinesisch|chinois|chino|中文|汉语|中国語|Japanese|Japanisch|japonais|japonés|日语|"
    "日本語|"
    "Italian|Italienisch|italien|italiano|Portuguese|português|Dutch|Nederlands|Russian|русский|"
    "Korean|한국어|"
    "Arabic|Hindi|Turkish|Polish|Latin"
)
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SCRIPTS = (
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_ENGLISH_TOO = frozenset(("no", "a", "me", "so", "as", "die", "in", "an", "on", "was", "hat"))
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")


@functools.cache
def load(name: str) -> Any:
    """A table of this package's data folder: ``load("languages")``."""
    return json.loads(
        resources.files("nexhina_nb.engines.chat").joinpath(f"data/{name}.json").read_text("utf-8")
    )


@functools.cache
def _codes() -> dict[str, str]:
    return {
        name.lower(): code for code, names in load("languages")["names"].items() for name in names
    }


def named(name: str) -> str:
    """The code of a language by one of its names; an empty text for an unknown one."""
    return _codes().get(name.lower(), "")


def name_of(code: str) -> str:
    """The English name of a language code."""
    names = load("languages")["names"].get(code)
    return str(names[0]) if names else code


def texts(key: str, language: str) -> tuple[str, ...]:
    """The wordings of one of the engine's own sentences; in English, and saying so, where there are
    none.
    """
    rows = load("languages")["texts"]
    if language in rows[key]:
        return tuple(rows[key][language])
    if language in load("languages")["texts"]["identity"]:
        return tuple(rows[key]["en"])
    return tuple(f"{text} {rows['tongue']['en'][0]}" for text in rows[key]["en"])


def speaks(language: str) -> bool:
    """Whether the engine has its own sentences in a language."""
    return language in load("languages")["texts"]["identity"]


def stop_words(language: str) -> list[str]:
    """The smallest words of a language other than English; none for one that has no list."""
    listed = load("languages")["stop_words"].get(language, "") if language != "en" else ""
    return listed.split()


def detect(text: str) -> str:
    """The likeliest language of a text by script and by its smallest words; an empty text when
    nothing speaks for one.
    """
    if _KANA.search(text):
        return "ja"
    if len(_HAN.findall(text)) * 3 > len(_WORD.findall(text)):
        return "zh"
    for code, script in _SCRIPTS:
        if script.search(text):
            return code
    return _by_stop_words(text)


def _by_stop_words(text: str) -> str:
    heard = Counter(match.lower() for match in _WORD.findall(text[:5_000]))
    if heard and heard.keys() <= _ENGLISH_TOO:
        return "en"
    scores = {
        code: sum(heard[word] for word in words.split())
        for code, words in load("languages")["stop_words"].items()
    }
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] else ""
