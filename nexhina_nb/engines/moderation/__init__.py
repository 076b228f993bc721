"""`local/moderate`: how much each of the thirteen categories applies to a text.

Four small parts, none of which understands what it reads:

* Rules over word classes (``data/lexicon.json``, ``data/rules.json``). A word counts by its
  company: who does it, to whom, asked how. Idioms and crafts ("kill the process", "beat the eggs")
  are struck out first; negation, news, medicine, prevention and talk about words lower a score.
* A linear model of toxicity (TF-IDF, distilled from alt-profanity-check), which adds to harassment
  where somebody is spoken to.
* A linear model over the vectors of `local/embed`, for wordings that no rule foresaw.
* For pictures, the shares of a few colours: hints, too weak to flag anything.

English, with the commonest words of German, French and Chinese. It misses irony, code words and
most of what is said politely; it is a lesson in moderation, not a guard. What it reaches on
``tests/engines/data/moderation.json`` is tested in ``tests/engines/test_moderation.py``.
"""

from __future__ import annotations

from nexhina_nb.engines.moderation.categories import CATEGORIES, PICTURE_CATEGORIES
from nexhina_nb.engines.moderation.judgement import flagged, moderate
from nexhina_nb.engines.moderation.pictures import judge_picture

__all__ = ["CATEGORIES", "PICTURE_CATEGORIES", "flagged", "judge_picture", "moderate"]
