"""The verbs that give figures for texts."""

from __future__ import annotations

from nexhina_nb.magics.options import Embed, Moderate, Rerank
from nexhina_nb.magics.verbs.base import Verb

JUDGING = (
    Verb(
        "embed",
        "turn texts into vectors; one text a line, or a column of a frame",
        Embed,
        "vectors:embed",
        is_cell=True,
        body="one text a line",
        details=(
            "Lines give an array (n, d) of float32. A frame gives the same kind of frame with one "
            'more column, "embedding" or that of --into. Of a frame, equal texts are sent once '
            "and answers are kept on disk, so that running the cell again costs nothing. Rows "
            'that go wrong have no vector, and "embedding_error" (with --into NAME, '
            '"NAME_error") says why.'
        ),
        examples=(
            "%%nexhina embed -o vectors\nthe first text\nthe second text",
            "%%nexhina embed --from df --column text -o df2",
            "%%nexhina embed --from df --column text --into vector --too-long split -o df2",
        ),
    ),
    Verb(
        "rerank",
        "sort documents by relevance; one document a line, or a column of a frame",
        Rerank,
        "vectors:rerank",
        is_cell=True,
        body="one document a line",
        details=(
            "A frame gives the same kind of frame, best rows first, with the columns "
            '"relevance_score" and "rank" added. With --queries there is one row for each query '
            "and document, with the columns of both; names that both have end in "
            '"_document".'
        ),
        examples=(
            '%%nexhina rerank -q "capital of France"\nParis is large.\nBread is baked.',
            '%%nexhina rerank -q "late parcels" --from df --column text -n 10 -o best',
            "%%nexhina rerank --queries qs --query-column q --from df --column text -n 3 -o best",
        ),
    ),
    Verb(
        "moderate",
        "judge texts or pictures for harm; one text a line, or a column of a frame",
        Moderate,
        "judging:moderate",
        is_cell=True,
        body="one text a line",
        details=(
            "Lines give a verdict each, by thirteen categories. A frame gives the same kind of "
            'frame with the columns "flagged", "category" (of those that apply, the most likely) '
            "and one column of scores (0 to 1) for each category. Equal texts are sent once, and "
            "answers are kept on disk. Pictures are judged together with the text, which is then "
            "one line at most."
        ),
        examples=(
            "%%nexhina moderate -o verdicts\nI will hurt you.\nHave a nice day.",
            "%%nexhina moderate --from df --column text -o checked",
            "%%nexhina moderate --image photo.jpg",
        ),
    ),
)
