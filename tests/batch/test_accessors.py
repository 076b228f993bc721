"""`frame.nx` and `frame["text"].nx`: there whatever is imported first; the same as verbs."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from polars.testing import assert_frame_equal as same_polars
from pydantic import BaseModel

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.client import Client
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular import series as of_series
from nexhina_nb.tabular.arrivals import Watch
from nexhina_nb.tabular.series import RowsFailedWarning
from tests.batch.upstream import Faults, Reply, Upstream, error, score, vector
from tests.conftest import RunningGateway

VERBS = ("embed", "rerank", "ask", "moderate", "transcribe")
TEXTS = ["a cat", "a dog", "a cat"]
ODD = pd.Index([7, 7, 3], name="n")


def with_pandas(values: list[Any], name: Any = "text") -> Any:
    return pd.Series(values, index=ODD[: len(values)], name=name, dtype="str")


def with_polars(values: list[Any], name: Any = "text") -> Any:
    return pl.Series(name, values, dtype=pl.String)


MAKERS = pytest.mark.parametrize("make", [with_pandas, with_polars])
Make = Callable[..., Any]


class Label(BaseModel):
    """What is asked for; a field has the name of the input."""

    text: str
    size: int


def say(body: dict[str, Any]) -> Reply | None:
    """The upstream's answer to a chat: the prompt, read backwards; all about dogs is refused."""
    if "messages" not in body:
        return None
    prompt = body["messages"][-1]["content"]
    if "dog" in prompt:
        return 400, {}, error("invalid_value", "one of the inputs is not welcome")
    said = prompt[::-1]
    if body.get("response_format"):
        said = json.dumps({"text": said, "size": len(prompt)})
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": said},
    }
    return 200, {}, json.dumps({"model": "chatter", "choices": [choice]}).encode()


def fits(made: Any, series: Any) -> None:
    """The same kind, length, name and index."""
    assert type(made) is type(series)
    assert (len(made), made.name) == (len(series), series.name)
    if isinstance(series, pd.Series):
        pd.testing.assert_index_equal(made.index, series.index)


@MAKERS
def test_embed_gives_the_vectors_row_by_row(make: Make, client: Client) -> None:
    series = make(TEXTS)
    made = series.nx.embed(client=client)
    fits(made, series)
    assert np.array_equal(nx.matrix(made), np.stack([vector(text) for text in TEXTS]))


@MAKERS
def test_rerank_gives_the_scores_row_by_row(make: Make, client: Client) -> None:
    series = make(TEXTS)
    made = series.nx.rerank("q", client=client)
    fits(made, series)
    right = [score("q", text) for text in TEXTS]
    assert made.to_list() == right
    best = series.nx.rerank("q", top_n=1, client=client).to_list()
    assert max(right) in best
    assert sum(value == value and value is not None for value in best) == 1


@MAKERS
def test_ask_gives_the_answers(make: Make, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(answer=say)
    series = make(["a cat", "a bee", "a cat"], name="animal")
    made = series.nx.ask("What is {text}?", client=client)
    fits(made, series)
    assert made.to_list() == ["?tac a si tahW", "?eeb a si tahW", "?tac a si tahW"]
    again = series.nx.ask("What is {animal}?", client=client)
    assert again.to_list() == made.to_list()
    assert len(upstream.bodies) == 2  # one for each different prompt, and none the second time


@MAKERS
def test_ask_with_a_schema_gives_a_frame(make: Make, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(answer=say)
    series = make(["a cat", "a dog"], name="animal")
    made = series.nx.ask("{animal}", schema=Label, into="it", client=client)
    assert list(made.columns) == ["it_text", "it_size", "it_error"]
    assert made["it_text"].to_list()[0] == "tac a"
    assert made["it_size"].to_list()[0] == 5
    assert "not welcome" in made["it_error"].to_list()[1]
    if isinstance(series, pd.Series):
        pd.testing.assert_index_equal(made.index, series.index)
    with pytest.raises(errors.BadInput, match=r"'text', would be overwritten.*into="):
        series.nx.ask("{text}", schema=Label, client=client)
    with pytest.raises(errors.BadInput, match="no column 'beast'"):
        series.nx.ask("{beast}", client=client)


class OneField(BaseModel):
    """A field that has the name which every Series has in a prompt."""

    text: str


@MAKERS
@pytest.mark.parametrize("schema", [OneField, Label])
def test_a_field_may_have_the_name_that_the_prompt_does_not_use(
    make: Make, schema: Any, client: Client, upstream: Upstream
) -> None:
    upstream.faults = Faults(answer=say)
    series = make(["a cat", "a bee"], name="review")
    made = series.nx.ask("{review}", schema=schema, client=client)
    assert list(made.columns) == list(schema.model_fields)
    assert made["text"].to_list() == ["tac a", "eeb a"]


@MAKERS
def test_a_field_may_have_the_name_of_the_series(
    make: Make, client: Client, upstream: Upstream
) -> None:
    upstream.faults = Faults(says=lambda _: {"message": {"content": '{"size": "large"}'}})
    schema = {"type": "object", "properties": {"size": {"type": "string"}}}
    made = make(["a cat", "a bee"], name="size").nx.ask("{text}", schema=schema, client=client)
    assert list(made.columns) == ["size"]
    assert made["size"].to_list() == ["large", "large"]


@MAKERS
def test_moderate_gives_a_frame_of_verdicts(make: Make, shared_gateway: RunningGateway) -> None:
    series = make(["I will kill you", "a good day", None])
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = series.nx.moderate(client=client)
        whole = nx.moderate(series.to_frame(), "text", client=client)
    assert made.columns[0] == "flagged"
    assert list(made["flagged"])[:2] == [True, False]
    assert [why is None or why != why for why in made["moderate_error"]] == [True, True, False]
    if isinstance(whole, pl.DataFrame):
        same_polars(made, whole.drop("text"))
    else:
        pd.testing.assert_frame_equal(made, whole.drop(columns="text"))


@MAKERS
def test_transcribe_gives_the_texts(
    make: Make, shared_gateway: RunningGateway, tmp_path: Path
) -> None:
    pytest.importorskip("pocketsphinx", reason="install the extra 'local'")
    path = tmp_path / "two.wav"
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        client.speak("one two three", format="wav").save(path)
        series = make([str(path), str(tmp_path / "none.wav")])
        with pytest.warns(RowsFailedWarning, match="1 of 2 rows have no answer, .* row 1: "):
            made = series.nx.transcribe(language="en", client=client)
        heard = client.transcribe(path, language="en").text
    fits(made, series)
    assert made.to_list()[0] == heard


@MAKERS
@pytest.mark.parametrize("verb", ["embed", "rerank", "ask"])
def test_rows_that_go_wrong_are_null_and_counted(
    make: Make, verb: str, client: Client, upstream: Upstream
) -> None:
    upstream.faults = Faults(refusal=lambda text: text == "a dog", answer=say)
    series = make(["a cat", "a dog", None])
    asked = {"embed": (), "rerank": ("q",), "ask": ("{text}",)}[verb]
    with pytest.warns(RowsFailedWarning, match="2 of 3 rows .* is row 1: .*not welcome") as caught:
        made = getattr(series.nx, verb)(*asked, client=client)
    assert caught[0].filename == __file__  # it points at the line that called
    fits(made, series)
    is_null = made.isna() if isinstance(made, pd.Series) else made.is_null()
    assert is_null.to_list() == [False, True, True]
    with pytest.raises(errors.BatchFailed, match="2 of 3 rows failed") as failed:
        getattr(series.nx, verb)(*asked, client=client, errors="raise")
    assert list(failed.value.partial["text"])[:2] == ["a cat", "a dog"]


@pytest.mark.parametrize("make", [pd.Series, lambda values, name: pl.Series(name, values)])
@pytest.mark.parametrize("name", ["price", "answer", "row", "flagged"])
def test_a_column_is_named_as_its_owner_knows_it(make: Any, name: str, client: Client) -> None:
    for verb, asked in (("embed", ()), ("moderate", ()), ("rerank", ("q",))):
        with pytest.raises(errors.BadInput, match=r"holds no texts but int") as refused:
            getattr(make([1, 2], name=name).nx, verb)(*asked, client=client)
        if name == "price":
            assert "the column 'price'" in str(refused.value)
    series = make(["a", "b"], name=name)
    assert len(series.nx.embed(client=client)) == len(series.nx.rerank("q", client=client)) == 2


@MAKERS
def test_a_ranking_that_lacks_documents_points_at_the_line_too(
    make: Make, client: Client, upstream: Upstream
) -> None:
    best = b'{"results": [{"index": 1, "relevance_score": 0.5}]}'
    upstream.faults.answer = lambda body: (200, {}, best) if "documents" in body else None
    with pytest.warns(RuntimeWarning, match="2 of 3 documents got no score") as caught:
        make(["a", "b", "c"]).nx.rerank("q", client=client, top_n=2)
    assert {one.filename for one in caught} == {__file__}


@MAKERS
def test_they_name_their_verbs(make: Make) -> None:
    series = make(TEXTS)
    named = "nx with the verbs embed, rerank, ask, moderate, transcribe"
    assert repr(series.nx) == f"Series.{named}"
    assert repr(series.to_frame().nx) == f"DataFrame.{named}"


@MAKERS
def test_a_dry_run_gives_the_estimate(make: Make, client: Client, upstream: Upstream) -> None:
    series = make(TEXTS)
    made = [
        series.nx.embed(client=client, dry_run=True),
        series.nx.rerank("q", client=client, dry_run=True),
        series.nx.moderate(client=client, dry_run=True),
        series.nx.ask("{text}?", client=client, model="gpt-4o", dry_run=True),
        series.nx.ask(
            "{text}?", schema=Label, into="it", client=client, model="gpt-4o", dry_run=True
        ),
        series.to_frame().nx.embed("text", client=client, dry_run=True),
    ]
    assert {type(one) for one in made} == {Estimate}
    assert not upstream.sent


@pytest.mark.parametrize("name", [None, ("a", "b"), 3, "text", "answer", ""])
def test_any_name_of_a_series_will_do(name: Any, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(answer=say)
    series = with_pandas(["a cat", "a bee"], name)
    fits(series.nx.embed(client=client), series)
    fits(series.nx.ask("What is {text}?", client=client), series)


def test_frames_have_the_verbs(client: Client) -> None:
    frame = pd.DataFrame({"text": TEXTS, "n": [1, 2, 3]}, index=ODD)
    pd.testing.assert_frame_equal(
        frame.nx.embed("text", into="v", client=client),
        nx.embed(frame, "text", into="v", client=client),
    )
    pd.testing.assert_frame_equal(
        frame.nx.rerank("q", top_n=2, client=client),
        nx.rerank(frame, "q", top_n=2, client=client),
    )
    table: Any = pl.from_pandas(frame)
    right = nx.embed(table, "text", client=client)
    same_polars(table.nx.embed("text", client=client), right)
    lazy = table.lazy().nx.embed("text", client=client)
    assert isinstance(lazy, pl.LazyFrame)
    same_polars(lazy.collect().drop("embedding_error"), right)


@pytest.mark.parametrize("verb", VERBS)
def test_methods_are_documented_and_signed_like_the_verbs(verb: str) -> None:
    data: Any = pl.DataFrame({"text": TEXTS})
    for owner, function in (
        (data.nx, getattr(nx, verb)),
        (data["text"].nx, getattr(of_series, verb)),
    ):
        method = getattr(owner, verb)
        assert inspect.getdoc(method) == inspect.getdoc(function)
        (_, *rest) = inspect.signature(function).parameters.values()
        assert [*inspect.signature(method).parameters.values()] == rest
        assert {"model", "budget", "dry_run"} <= {parameter.name for parameter in rest}


def test_a_series_has_every_option_of_the_frame_but_the_columns() -> None:
    for verb in VERBS:
        of_frame = set(inspect.signature(getattr(nx, verb)).parameters)
        of_column = set(inspect.signature(getattr(of_series, verb)).parameters)
        assert of_frame - of_column <= {"frame", "column", "into", "other", "on"}
        assert of_column - of_frame == {"series"}


def test_a_notebook_completes_the_verbs() -> None:
    shell = InteractiveShell()
    shell.user_ns |= {"letters": pd.DataFrame({"text": TEXTS}), "table": pl.DataFrame({"a": [1]})}

    def offers(code: str) -> set[str]:
        with provisionalcompleter():
            return {offer.text for offer in shell.Completer.completions(code, len(code))}

    for code in ("letters.nx.", "letters.text.nx.", "table.nx."):
        assert set(VERBS) <= offers(code)
    assert "nx" in offers("letters.n")


ORDERS = {
    "ours first": "import nexhina_nb, pandas, polars",
    "ours last": "import polars, pandas, nexhina_nb",
    "between": "import pandas, nexhina_nb, polars",
    "part of it": "import nexhina_nb; from pandas.api import types; from polars import col",
    "asked for before": (
        "import nexhina_nb, importlib.util as u; a = u.find_spec('pandas'), u.find_spec('polars'); "
        "import pandas, polars; assert a[0].loader.get_filename('pandas') == pandas.__file__"
    ),
    "anew": "import nexhina_nb, sys; "
    "[sys.modules.pop(n) for n in [*sys.modules] if n.startswith('nexhina')]; "
    "import nexhina_nb, pandas, polars; "
    "[sys.modules.pop(n) for n in [*sys.modules] if n.startswith('nexhina')]; "
    "import nexhina_nb",
}
CHECK = """
import sys, pandas, polars
for owner in (pandas.DataFrame, pandas.Series, polars.DataFrame, polars.Series, polars.LazyFrame):
    assert "embed" in dir(owner.nx)
assert "nx" in dir(pandas.Series(["a"])) and "nx" in dir(polars.Series(["a"]))
assert not {"narwhals", "nexhina_nb.tabular.vectors", "pydantic", "httpx2"} & set(sys.modules)
assert type(pandas.__loader__) is type(pandas.__spec__.loader) is type(sys.__loader__) or \\
    type(pandas.__loader__).__module__ == "_frozen_importlib_external"
assert not [one for one in sys.meta_path if type(one).__module__.startswith("nexhina")]
assert callable(pandas.Series(["a"]).nx.embed) and "narwhals" in sys.modules
"""


@pytest.mark.parametrize("order", ORDERS)
def test_they_are_there_whatever_is_imported_first(order: str) -> None:
    program = f"{ORDERS[order]}\n{CHECK}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_loading_the_extension_again_warns_of_nothing() -> None:
    shell = InteractiveShell()
    for line in ("load_ext", "load_ext", "reload_ext"):
        shell.run_line_magic(line, "nexhina_nb")
    importlib.reload(nx)
    shell.run_line_magic("unload_ext", "nexhina_nb")
    assert pd.Series(TEXTS).nx.embed.__name__ == "embed"  # type: ignore[attr-defined]


def test_a_module_that_breaks_is_watched_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "late_library.py"
    path.write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    came: list[Any] = []
    watch = Watch("late_library", came.append)
    sys.meta_path.insert(0, watch)
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("late_library")
    assert came == []
    assert watch in sys.meta_path
    path.write_text("value = 12")
    importlib.invalidate_caches()
    module = importlib.import_module("late_library")
    assert came == [module]
    assert watch not in sys.meta_path
    sys.modules.pop("late_library")
