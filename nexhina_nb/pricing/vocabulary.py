"""The two OpenAI vocabularies, packed inside the package and loaded on first use; nothing is ever
downloaded.

A packed file is the tokens in order of rank, each one length byte and its bytes, compressed with xz
(`scripts/pack_vocabularies.py`). What is loaded is checked by SHA-256. The split patterns and the
numbers of the special tokens are facts of the encodings, as tiktoken publishes them.
"""

from __future__ import annotations

import functools
import hashlib
import lzma
import re
import threading
from dataclasses import dataclass
from importlib import import_module, resources
from typing import TYPE_CHECKING, Protocol

from nexhina_nb.errors import BadInput, NexhinaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktoken import Encoding

_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Facts:
    sha256: str
    pattern: str
    special: Mapping[str, int]


_ENCODINGS = {
    "cl100k_base": _Facts(
        sha256="6bfd43f7b31b50b645b3228413547e662af1ae4801e9b192b9791680a71d650c",
        pattern=(
            r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
            r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
        ),
        special={
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": _Facts(
        sha256="bac143fe7fe950090c6e4ed9a2f80de5412a92495758b52becbbe5a7eea25ecb",
        pattern="|".join(
            (
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
                r"\p{N}{1,3}",
                r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
                r"\s*[\r\n]+",
                r"\s+(?!\S)",
                r"\s+",
            )
        ),
        special={"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    ),
}
NAMES = tuple(_ENCODINGS)
DEFAULT = "cl100k_base"

# o200k_base came with gpt-4o; what OpenAI named before it, and its embedding models, use
# cl100k_base
_O200K = re.compile(
    r"chatgpt-|chat-latest|computer-use|codex-|omni-|o\d"
    r"|gpt-(4o|4\.[1-9]|[5-9]|[1-9]\d|oss|audio|realtime|image|live)"
)
_CL100K = re.compile(r"gpt-4|gpt-3\.5|text-embedding-(3|ada)|local/")


class Ordinary(Protocol):
    """Encodes a text whose special-token spellings are ordinary text."""

    def encode_ordinary(self, text: str) -> list[int]: ...


def encoding_for(model: str) -> str:
    """The vocabulary of a model; a prefix (``openai/…``, ``ft:…``) does not matter."""
    return "o200k_base" if _O200K.match(_bare(model)) else DEFAULT


def is_exact(model: str) -> bool:
    """Whether `encoding_for` is the model's own vocabulary rather than a stand-in."""
    name = _bare(model)
    return bool(_O200K.match(name) or _CL100K.match(name))


def load(name: str) -> Encoding:
    """The encoding of that name, as tiktoken's own type; built once for all threads."""
    if name not in _ENCODINGS:
        raise BadInput(f"there is no encoding {name!r} here", hint=f"known: {', '.join(NAMES)}")
    with _LOADING:
        return _build(name)


def load_fast(name: str) -> Ordinary | None:
    """splintr's tokenizer of that name, two to five times as fast, if it is installed."""
    with _LOADING:
        return _build_fast(name)


def _bare(model: str) -> str:
    name = model.removeprefix("ft:")
    return name if name.startswith("local/") else name.rpartition("/")[2]


@functools.cache
def _build(name: str) -> Encoding:
    from tiktoken import Encoding  # noqa: PLC0415 - a Rust extension and regex: only for who counts

    facts = _ENCODINGS[name]
    return Encoding(
        name=name,
        pat_str=facts.pattern,
        mergeable_ranks=_unpack(_read(name, facts.sha256)),
        special_tokens=dict(facts.special),
    )


@functools.cache
def _build_fast(name: str) -> Ordinary | None:
    try:
        splintr = import_module("splintr")
    except ImportError:
        return None
    tokenizer: Ordinary = splintr.Tokenizer.from_pretrained(name)
    return tokenizer


def _read(name: str, sha256: str) -> bytes:
    packed = resources.files("nexhina_nb.pricing").joinpath("data", f"{name}.xz").read_bytes()
    plain = lzma.decompress(packed)
    if hashlib.sha256(plain).hexdigest() != sha256:
        raise NexhinaError(
            f"the packed vocabulary {name} is damaged", hint="install nexhina_nb again"
        )
    return plain


def _unpack(plain: bytes) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    position = 0
    while position < len(plain):
        start = position + 1
        position = start + plain[position]
        ranks[plain[start:position]] = len(ranks)
    return ranks
