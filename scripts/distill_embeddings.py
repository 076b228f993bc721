"""Make the table of `local/embed` from the weights of all-MiniLM-L6-v2, and measure it.

    python scripts/distill_embeddings.py MODEL

MODEL is a wheel or a folder that holds ``model.safetensors`` and ``vocab.txt`` of that model. Takes
five to ten minutes on two cores. Everything random is seeded: on one machine two runs give the same
bytes (another BLAS may round a few entries to the next step). The method:

1. Every word piece goes through the whole model alone, as [CLS] piece [SEP].
2. Every piece goes through it eight times more, each time with five others drawn at random. The
   table is to give the model's vector of such a group as the sum of its rows (least squares, held
   near the vectors of step 1): it learns how much a piece says when it is not alone.
3. The rows are centred, the four strongest directions, which all pieces share, are dropped, and the
   256 next are kept (PCA). Each row is weighted by rarity, a / (a + p): BERT's vocabulary is sorted
   by frequency, so p follows from the place in it by Zipf's law.
4. int8 with one scale per row. The first 999 rows, of pieces that no text contains, are free: they
   become random signs, for hashed character n-grams of what the vocabulary cannot spell.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import pydoc_data.topics
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import minilm  # noqa: E402 - the scripts run from a checkout, without installation
from minilm import Floats  # noqa: E402

from nexhina_nb.engines import embeddings, rerank  # noqa: E402
from nexhina_nb.engines.wordpiece import WordPiece, words  # noqa: E402

DATA = ROOT / "nexhina_nb" / "engines" / "data"
EVALUATION = ROOT / "tests" / "engines" / "data" / "retrieval.json"
SEED = 7
PASSES, COMPANY = 8, 6
NEARNESS, ALONE_SHARE = 3.0, 0.6  # of the least squares to the vectors of single pieces
DROPPED = 4  # directions
RARITY = 3e-4  # the a of a / (a + p)
FIRST_WORD = 1996  # id of "the": before it stand single characters, in the order of Unicode
CHARACTER_RANK = 50  # what they count as, for want of an order

Scorer = Callable[[str, list[str]], Floats]


def distill(model: minilm.MiniLM, vocabulary: list[str]) -> tuple[npt.NDArray[np.int8], Floats]:
    """The table: int8 rows (30,522, 256) and their scales."""
    pieces = np.arange(embeddings.HASHED, len(vocabulary))
    alone = _centred(minilm.unit(_means(model, pieces[:, None])))
    groups = _groups(len(pieces))
    taught = _centred(minilm.unit(_means(model, pieces[groups])))
    rows = _reduced(_fitted(groups, taught, ALONE_SHARE * alone)) * _rarity(pieces)[:, None]
    rows = np.concatenate([_signs(rows), rows])
    scales = np.abs(rows).max(1) / 127
    return np.rint(rows / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def _means(model: minilm.MiniLM, ids: npt.NDArray[np.intp]) -> Floats:
    ends = np.full((len(ids), 1), minilm.CLS), np.full((len(ids), 1), minilm.SEP)
    rows = np.concatenate([ends[0], ids, ends[1]], axis=1)
    vectors = np.empty((len(rows), 384), np.float32)
    for start in range(0, len(rows), 256):
        vectors[start : start + 256] = model.means(rows[start : start + 256])
        print(f"\r{start + 256:7,} of {len(rows):,} groups of {ids.shape[1]}", end="", flush=True)
    print()
    return vectors


def _groups(count: int) -> npt.NDArray[np.intp]:
    """Every number below ``count`` in ``PASSES`` random groups of ``COMPANY``."""
    random = np.random.default_rng(SEED)
    orders = [random.permutation(count) for _ in range(PASSES)]
    return np.concatenate([np.resize(o, -(-count // COMPANY) * COMPANY) for o in orders]).reshape(
        -1, COMPANY
    )


def _fitted(groups: npt.NDArray[np.intp], taught: Floats, prior: Floats) -> Floats:
    """Rows whose sums over the groups come near ``taught``: ridge regression around ``prior``."""
    order = np.argsort(groups, axis=None, kind="stable")
    member = order // COMPANY
    starts = np.searchsorted(groups.ravel()[order], np.arange(len(prior)))
    rows = prior.copy()
    rest = np.add.reduceat((taught - rows[groups].sum(1))[member], starts)
    step, size = rest.copy(), float((rest * rest).sum())
    for _ in range(30):  # conjugate gradients
        pushed = np.add.reduceat(step[groups].sum(1)[member], starts) + NEARNESS * step
        length = size / float((step * pushed).sum())
        rows += np.float32(length) * step
        rest -= np.float32(length) * pushed
        size, before = float((rest * rest).sum()), size
        step = rest + np.float32(size / before) * step
    return rows


def _reduced(rows: Floats) -> Floats:
    rows = _centred(rows)
    _, directions = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    kept = directions[:, ::-1][:, DROPPED : DROPPED + embeddings.DIMENSIONS]
    kept = kept * np.sign(kept[np.abs(kept).argmax(0), np.arange(kept.shape[1])])
    return rows @ kept.astype(np.float32)


def _rarity(pieces: npt.NDArray[np.intp]) -> Floats:
    rank = np.where(pieces < FIRST_WORD, CHARACTER_RANK, pieces - FIRST_WORD + 1)
    share = 1 / (rank * np.log(len(pieces)))
    return (RARITY / (RARITY + share)).astype(np.float32)


def _signs(rows: Floats) -> Floats:
    """Random signs; some six of them, the n-grams of a word, are as long as the usual row."""
    size = embeddings.HASHED * embeddings.DIMENSIONS
    noise = hashlib.shake_256(b"local/embed").digest(-(-size // 8))
    bits = np.unpackbits(np.frombuffer(noise, np.uint8))[:size].astype(np.float32)
    length = np.median(np.linalg.norm(rows, axis=1)) / (6 * embeddings.DIMENSIONS) ** 0.5
    return ((2 * bits - 1) * length).reshape(embeddings.HASHED, -1).astype(np.float32)


def _centred(matrix: Floats) -> Floats:
    return matrix - matrix.mean(0)


def measure(model: minilm.MiniLM, vocabulary: list[str]) -> dict[str, Any]:
    """Share of the evaluation's queries whose answer comes first, and agreement with the model."""
    wordpiece = WordPiece(vocabulary)
    known: dict[str, Floats] = {}

    def teacher(texts: list[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, model.sentences([wordpiece.ids(text) for text in new]), strict=True))
        return np.array([known[text] for text in texts])

    scorers: dict[str, Scorer] = {
        "hashed n-grams": lambda query, texts: _hashed(texts) @ _hashed([query])[0],
        "BM25": rerank.lexical,
        "local/embed": rerank.semantic,
        "local/rerank": rerank.rerank,
        "all-MiniLM-L6-v2": lambda query, texts: teacher(texts) @ teacher([query])[0],
    }
    kinds = {k: v for k, v in json.loads(EVALUATION.read_bytes()).items() if k != "about"}
    return {
        "found first, of the test rows": {
            name: {kind: _found_first(scorer, rows) for kind, rows in kinds.items()}
            for name, scorer in scorers.items()
        },
        "rank correlation with all-MiniLM-L6-v2": _agreement(teacher),
    }


def _found_first(scorer: Scorer, rows: list[dict[str, Any]]) -> str:
    texts = [text for row in rows for text in (row["answer"], *row["traps"])]
    tested = [row for row in rows if row["split"] == "test"]
    found = 0
    for row in tested:
        scores = scorer(row["query"], texts)
        found += int((scores >= scores[texts.index(row["answer"])]).sum() == 1)
    return f"{found} of {len(tested)}"


def _agreement(teacher: Callable[[list[str]], Floats]) -> float:
    """Spearman's, over the similarities of 300 paragraphs of Python's own documentation."""
    paragraphs = {
        " ".join(p.split()) for t in pydoc_data.topics.topics.values() for p in t.split("\n\n")
    }
    texts = sorted(p for p in paragraphs if 60 < len(p) < 300)[::3][:300]
    above = np.triu_indices(len(texts), 1)
    ranks = [
        (v @ v.T)[above].argsort().argsort() for v in (teacher(texts), embeddings.embed(texts))
    ]
    return round(float(np.corrcoef(ranks)[0, 1]), 3)


def _hashed(texts: list[str]) -> Floats:
    """The baseline: vectors of hashed character trigrams alone."""
    matrix = np.zeros((len(texts), 4096), np.float32)
    for vector, text in zip(matrix, texts, strict=True):
        for word in words(text):
            for i in range(len(word)):
                gram = f" {word} "[i : i + 3].encode()
                vector[int.from_bytes(hashlib.blake2b(gram, digest_size=4).digest()) % 4096] += 1
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


def main() -> None:
    """Write the table and what is to be known about it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    options = parser.parse_args()
    weights, vocabulary = minilm.read(options.model)
    model = minilm.MiniLM(weights)
    rows, scales = distill(model, vocabulary)
    letters = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    table = DATA / "local-embed.npz"
    np.savez_compressed(table, rows=rows, scales=scales, vocabulary=letters)
    provenance = {
        "source": "sentence-transformers/all-MiniLM-L6-v2, Apache-2.0",
        "source_sha256": {
            "model.safetensors": minilm.WEIGHTS_SHA256,
            "vocab.txt": minilm.VOCABULARY_SHA256,
        },
        "made_by": "scripts/distill_embeddings.py",
        "made_on": options.date,
        "method": [" ".join(s.split()) for s in re.findall(r"(?s)\d\. .*?(?=\n\d\. |$)", __doc__)],
        "table_sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        "quality": measure(model, vocabulary),
    }
    text = json.dumps(provenance, indent=2, ensure_ascii=False)
    (DATA / "local-embed.json").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
