"""Goes on with a text by chance: a model of three tokens, counted in the manual that every Python
carries.

It is what a language model is in the smallest, and it shows: the grammar holds for a few words, the
meaning for none.
"""

from __future__ import annotations

import functools
import random
import re
from collections import Counter, defaultdict

from nexhina_nb.engines.chat import logprobs
from nexhina_nb.pricing import tokens

LONGEST = 48  # tokens; babble does not get better with length
_SHORTEST = 12
_ENDS = (".", "!", "?")
_PLAIN = re.compile(r"\s{0,2}[\w ’',;:.!?()-]{1,40}\s?", re.A)
_Followers = dict[tuple[int, int], Counter[int]]


@functools.cache
def _triples() -> _Followers:
    """What follows each pair of tokens, counted on first use (a fraction of a second)."""
    found: defaultdict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    for ids in logprobs.manual():
        for before, last, token in zip(ids, ids[1:], ids[2:], strict=False):
            found[before, last][token] += 1
    return dict(found)


def babble(text: str, seed: str) -> str:
    """The text's continuation, drawn token by token; the same text and seed draw the same."""
    chance = random.Random(f"{seed}:{text}")
    ids = [*([logprobs.START] * 2), *tokens.encode(text.rstrip())]
    made: list[int] = []
    while len(made) < LONGEST:
        made.append(_next(ids[-2], ids[-1], chance))
        ids.append(made[-1])
        if len(made) >= _SHORTEST and tokens.decode(made).rstrip().endswith(_ENDS):
            break
    said = tokens.decode(made)
    return f"{' ' if said[:1].isspace() else ''}{' '.join(said.split())}"


def _next(before: int, last: int, chance: random.Random) -> int:
    """One token: by the two before it, else by the last one, else by how common tokens are."""
    pairs = logprobs.model()
    for seen in (_triples().get((before, last)), pairs.pairs.get(last), pairs.singles):
        plain = [token for token in seen or () if _is_plain(token)]
        if seen and plain:
            return chance.choices(plain, weights=[seen[token] for token in plain])[0]
    return last


@functools.cache
def _is_plain(token: int) -> bool:
    """Whether a token is text, and not a part of the tables and listings of the manual."""
    return _PLAIN.fullmatch(tokens.decode([token])) is not None
