"""The sentence encoder all-MiniLM-L6-v2 in NumPy: what `distill_embeddings.py` learns from.

BERT with 6 layers of 384 dimensions and 12 heads, then the mean over the tokens' outputs.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
CLS, SEP = 101, 102
LONGEST = 256  # tokens, as the model's authors set it
_LAYERS, _HEADS = 6, 12
_BATCH = 32


def read(source: Path) -> tuple[dict[str, Floats], list[str]]:
    """Weights and vocabulary out of a wheel or a folder that holds them, their hashes checked."""
    weights = _checked(_find(source, "model.safetensors"), WEIGHTS_SHA256)
    vocabulary = _checked(_find(source, "vocab.txt"), VOCABULARY_SHA256)
    return safetensors(weights), vocabulary.decode("utf-8").splitlines()


def safetensors(data: bytes) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file: length of header, JSON header, raw numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: np.frombuffer(data, "<f4", (to - begin) // 4, start + begin).reshape(row["shape"])
        for name, row in header.items()
        if row.get("dtype") == "F32"
        for begin, to in [row["data_offsets"]]
    }


class MiniLM:
    """The encoder. Ids go in with [CLS] and [SEP] around them; sentence vectors come out."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights

    def sentences(self, pieces: Sequence[Sequence[int]]) -> Floats:
        """Unit vectors (n, 384) of texts given as piece ids; long ones are cut as by the model."""
        rows = [[CLS, *row[: LONGEST - 2], SEP] for row in pieces]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        vectors = np.empty((len(rows), 384), np.float32)
        for start in range(0, len(rows), _BATCH):
            part = order[start : start + _BATCH]
            vectors[part] = self.means([rows[i] for i in part])
        return unit(vectors)

    def means(self, rows: Sequence[Sequence[int]]) -> Floats:
        """Mean of the last layer over the tokens of each row, for one padded batch."""
        longest = max(map(len, rows))
        ids = np.array([[*row, *[0] * (longest - len(row))] for row in rows])
        real = np.array([[1.0] * len(r) + [0.0] * (longest - len(r)) for r in rows], np.float32)
        blocked = (real[:, None, None, :] - 1) * np.float32(1e9)
        x = self._embedded(ids)
        for layer in range(_LAYERS):
            x = self._layer(x, blocked, f"encoder.layer.{layer}.")
        mean: Floats = (x * real[..., None]).sum(1) / real.sum(1, keepdims=True)
        return mean

    def _embedded(self, ids: npt.NDArray[np.intp]) -> Floats:
        w, name = self._weights, "embeddings."
        x = w[f"{name}word_embeddings.weight"][ids] + w[f"{name}token_type_embeddings.weight"][0]
        x = x + w[f"{name}position_embeddings.weight"][: ids.shape[1]]
        return self._norm(x, f"{name}LayerNorm")

    def _layer(self, x: Floats, blocked: Floats, name: str) -> Floats:
        mixed = self._linear(self._attention(x, blocked, name), f"{name}attention.output.dense")
        x = self._norm(x + mixed, f"{name}attention.output.LayerNorm")
        hidden = _gelu(self._linear(x, f"{name}intermediate.dense"))
        return self._norm(
            x + self._linear(hidden, f"{name}output.dense"), f"{name}output.LayerNorm"
        )

    def _attention(self, x: Floats, blocked: Floats, name: str) -> Floats:
        n, length, width = x.shape
        query, key, value = (
            self._linear(x, f"{name}attention.self.{part}")
            .reshape(n, length, _HEADS, width // _HEADS)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scale = np.float32((width // _HEADS) ** -0.5)
        scores = query @ key.transpose(0, 1, 3, 2) * scale + blocked
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(n, length, width)

    def _linear(self, x: Floats, name: str) -> Floats:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-12))
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def unit(matrix: Floats) -> Floats:
    """Rows of length 1."""
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def _gelu(x: Floats) -> Floats:
    return x * np.float32(0.5) * (1 + _erf(x * np.float32(0.5**0.5)))


def _erf(x: Floats) -> Floats:
    # Abramowitz and Stegun 7.1.26: wrong by at most 1.5e-7, about the step of float32 near 1
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(factor)) * t
    return np.copysign(1 - series * np.exp(-size * size), x)


def _find(source: Path, name: str) -> bytes:
    if source.is_dir():
        return next(iter(sorted(source.rglob(name)))).read_bytes()
    with zipfile.ZipFile(source) as wheel:
        return wheel.read(next(entry for entry in wheel.namelist() if entry.endswith(f"/{name}")))


def _checked(data: bytes, expected: str) -> bytes:
    if (found := hashlib.sha256(data).hexdigest()) != expected:
        raise SystemExit(f"sha256 is {found}, not {expected}: this is another model")
    return data
