"""Make the two tables of `local/moderate`, and say how good they are.

    python scripts/make_moderation.py

Needs ``alt-profanity-check==1.9.1`` (which brings scikit-learn), best in an environment of its own.

* ``toxicity.xz``: that package's model, the mean of five calibrated linear SVMs over TF-IDF,
  becomes one: the mean of their weights, and a sigmoid of the mean parameters of theirs. Words that
  name groups of people (class ``group`` of the lexicon) are dropped, because the model takes their
  mention for abuse. Numbers are rounded to hundredths.
* ``meaning.json``: for each broad category a logistic regression over the vectors of `local/embed`,
  fitted to the rows ``dev`` of ``tests/engines/data/moderation.json`` (never to ``test``), to
  sentences and words of Python's documentation, which stand for all that is harmless, and to plain
  sentences about every group, so that a group's name is no evidence.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import math
import pydoc_data.topics
import re
import sys
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nexhina_nb.engines.embeddings import embed  # noqa: E402 - runs from a checkout
from nexhina_nb.engines.moderation import judgement, toxicity  # noqa: E402 - likewise
from nexhina_nb.engines.moderation.categories import CATEGORIES  # noqa: E402 - likewise
from nexhina_nb.engines.moderation.lexicon import forms  # noqa: E402 - likewise

VERSION = "1.9.1"
STEP = 0.01
SAMPLES, SEED = 2_000, 7
RIDGE, STEPS = 0.3, 30  # of the logistic regression
POSITIVE, HARMLESS = 2.0, 60.0  # weights of an example that applies, and of each kind added
PLAIN = (
    "There are many {} people in our town.",
    "My {} friend came to dinner and brought a cake.",
    "What is the history of the {} community?",
    "I am {} and I like football.",
    "How many {} people live in this country?",
    "The {} family next door is kind.",
)
EXAMPLES = ROOT / "tests" / "engines" / "data" / "moderation.json"
DATA = ROOT / "nexhina_nb" / "engines" / "moderation" / "data"


def distil(vectorizer: Any, model: Any) -> dict[str, Any]:
    """Words, their inverse frequencies and weights in steps, and one sigmoid for all."""
    parts = model.calibrated_classifiers_
    weights = np.mean([part.estimator.coef_[0] for part in parts], axis=0)
    sigmoids = [calibrator for part in parts for calibrator in part.calibrators]
    words = sorted(vectorizer.vocabulary_.keys() - set(_groups()))
    rows = [vectorizer.vocabulary_[word] for word in words]
    return {
        "step": STEP,
        "bias": round(float(np.mean([part.estimator.intercept_[0] for part in parts])), 4),
        "slope": round(float(np.mean([sigmoid.a_ for sigmoid in sigmoids])), 4),
        "offset": round(float(np.mean([sigmoid.b_ for sigmoid in sigmoids])), 4),
        "words": " ".join(words),
        "frequencies": np.rint(vectorizer.idf_[rows] / STEP).astype(int).tolist(),
        "weights": np.rint(weights[rows] / STEP).astype(int).tolist(),
    }


def _groups() -> list[str]:
    lexicon = json.loads((DATA / "lexicon.json").read_bytes())
    return sorted({form for entry in lexicon["group"].split() for form in forms(entry)})


def distance(vectorizer: Any, model: Any) -> float:
    """The mean difference of the two probabilities over random handfuls of known words."""
    words = np.array(sorted(vectorizer.vocabulary_.keys() - set(_groups())))
    drawn = np.random.default_rng(SEED).choice(words, (SAMPLES, 6))
    theirs = model.predict_proba(vectorizer.transform([" ".join(row) for row in drawn]))[:, 1]
    ours = [toxicity.toxicity(row.tolist()) for row in drawn]
    return math.fsum(abs(theirs - ours)) / SAMPLES


def fit() -> dict[str, Any]:
    """Weights and a bias for each broad category."""
    rows = [row for row in json.loads(EXAMPLES.read_bytes()) if row["split"] == "dev"]
    kinds = [*_ordinary(), [plain.format(group) for plain in PLAIN for group in _groups()]]
    harmless = [text for kind in kinds for text in kind]
    texts = [*(row["text"] for row in rows), *harmless]
    plain = [" ".join(judgement.load().read(text)[0]) for text in texts]
    inputs = np.c_[embed(plain), np.ones(len(texts))].astype(np.float64)
    fitted = {}
    for category in (name for name in CATEGORIES if "/" not in name):
        applies = np.array([category in row["labels"] for row in rows] + [False] * len(harmless))
        weights = np.where(applies, POSITIVE, 1.0)
        weights[: len(rows)] *= [category not in row.get("open", ()) for row in rows]
        weights[len(rows) :] = np.concatenate([np.full(len(k), HARMLESS / len(k)) for k in kinds])
        fitted[category] = np.round(_regression(inputs, applies, weights), 3).tolist()
    return {
        "weights": {name: row[:-1] for name, row in fitted.items()},
        "biases": [row[-1] for row in fitted.values()],
    }


def _ordinary() -> tuple[list[str], list[str]]:
    """Sentences of the documentation, and its words one by one."""
    text = " ".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))
    sentences = re.findall(r"[A-Z][a-z ,]{30,150}\.(?=\s)", " ".join(text.split()))
    return sentences, sorted({*re.findall(r"\b[a-z]+\b", text), *"abcdefghijklmnopqrstuvwxyz"})


def _regression(
    inputs: npt.NDArray[np.float64],
    applies: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Newton's method; the bias, which comes last, is not held small."""
    ridge = np.append(np.full(inputs.shape[1] - 1, RIDGE), 0)
    found = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-inputs @ found))
        slope = inputs.T @ (weights * (chance - applies)) + ridge * found
        curve = (inputs * (weights * chance * (1 - chance))[:, None]).T @ inputs + np.diag(ridge)
        found -= np.linalg.solve(curve, slope)
    return found


def main() -> None:
    """Write the tables and print what is to be known about it."""
    if metadata.version("alt-profanity-check") != VERSION:
        raise SystemExit(f"this was written for alt-profanity-check {VERSION}")
    source = resources.files("profanity_check") / "data"
    vectorizer, model = (
        joblib.load(source / name) for name in ("vectorizer.joblib", "model.joblib")
    )
    packed = lzma.compress(json.dumps(distil(vectorizer, model)).encode(), preset=9)
    (DATA / "toxicity.xz").write_bytes(packed)
    print(f"{len(packed):,} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")
    print(f"mean difference to the original: {distance(vectorizer, model):.4f}")
    (DATA / "meaning.json").write_text(json.dumps(fit()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
