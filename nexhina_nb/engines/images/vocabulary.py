"""The words a prompt may use, in five languages, each with the thing it stands for."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

_MEANINGLESS = """
a an the of on in at to for with and or by from is are was be it its this that my your our me i
we you he she they very some any into over under near next picture image photo drawing painting
illustration draw paint show make create please video film animation clip render beautiful nice
style der die das ein eine mit und auf im le la les un une des et de el los con y en
"""
STOP_WORDS = frozenset(_MEANINGLESS.split())


@cache
def meanings() -> dict[str, dict[str, str]]:
    """For each group, every word with what it stands for."""
    source = resources.files(__package__).joinpath("vocabulary.json").read_text("utf-8")
    return {
        group: {word: sense for sense, words in senses.items() for word in (sense, *words)}
        for group, senses in json.loads(source).items()
    }


def sense(group: str, word: str) -> str | None:
    """What ``word`` stands for in a group of the vocabulary; plurals count as their singular."""
    known = meanings()[group]
    for form in _forms(word):
        if form in known:
            return known[form]
    return None


def senses(group: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Everything of a group that the words name, each once, in their order."""
    found = (sense(group, word) for word in words)
    return tuple(dict.fromkeys(name for name in found if name))


def _forms(word: str) -> tuple[str, ...]:
    forms = [word]
    if len(word) > 3 and word.endswith("s"):
        forms.append(word[:-1])
        if word.endswith("es"):
            forms.append(word[:-2])
        if word.endswith("ies"):
            forms.append(word[:-3] + "y")
    return tuple(forms)
