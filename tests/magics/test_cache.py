"""``%nexhina cache`` in a cell."""

from __future__ import annotations

import pytest

from nexhina_nb.batch.cache import Cache, default_path
from nexhina_nb.settings import load
from tests.magics.conftest import Notebook
from tests.magics.test_complete import offers


@pytest.fixture
def kept(notebook: Notebook) -> Notebook:
    """A notebook beside ten answers of two models."""
    with Cache(default_path(load().home), 1 << 30) as cache:
        for first, model in ((0, "local/embed"), (5, "text-embedding-3-small")):
            some = {bytes([n]) * 32: bytes(2000) for n in range(first, first + 5)}
            cache.put(some, "embed", model)
    return notebook


def test_a_table(kept: Notebook) -> None:
    shown = kept.run("%nexhina cache")
    assert "<table>" in shown.data["text/html"]
    assert "local/embed" in shown.data["text/plain"]
    assert kept.run("%nexhina cache list").data == shown.data
    kept.run("%nexhina cache -o answers")
    assert list(kept.names["answers"]["answers"]) == [5, 5, 10]


def test_forgetting(kept: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    assert kept.run("%nexhina cache clear --model local/* --older 7d").error is None
    assert kept.run("%nexhina cache clear --model local/*").error is None
    assert capsys.readouterr().out == "0 answers are forgotten.\n5 answers are forgotten.\n"
    refused = kept.run("%nexhina cache clear").line
    assert refused == "BadInput: Forget all 5 answers? → say so with --yes"
    capsys.readouterr()
    assert kept.run("%nexhina cache clear --yes").error is None
    assert capsys.readouterr().out == "5 answers are forgotten.\n"


def test_the_path(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    assert notebook.run("%nexhina cache path").error is None
    assert capsys.readouterr().out == f"{default_path(load().home)}\n"
    assert notebook.run("%nexhina cache").error is None
    assert capsys.readouterr().out == "No answers are kept.\n"


def test_tab(notebook: Notebook) -> None:
    assert offers(notebook, "%nexhina cache ") == ["clear", "list", "path", "rescue", "trim"]
    assert {"--model", "--verb", "--older", "--yes"} <= set(
        offers(notebook, "%nexhina cache clear ")
    )
