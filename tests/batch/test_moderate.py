"""`nx.moderate`: whatever the frame, it stays, and every row has the one right verdict."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.moderate import MOST_TEXTS, Judgement, ModerateWork
from nexhina_nb.client import Client
from nexhina_nb.client.texts import is_missing
from nexhina_nb.tabular.verdicts import Moderate
from nexhina_nb.wire.moderation import CATEGORIES
from tests.batch.upstream import Upstream, interrupt, serve, verdict
from tests.conftest import RunningGateway

NEW = ["flagged", "category", *CATEGORIES]
TEXTS = st.lists(
    st.none() | st.sampled_from(["a", "b", "", " \n", "é中\0\n"]) | st.text(), max_size=12
)
KINDS = st.sampled_from(["pandas", "pandas text", "polars", "lazy", "pyarrow"])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client for many examples, and a folder for their answers."""
    with serve() as upstream, Client(upstream.base_url, "sk-test") as client:
        yield client, tmp_path_factory.mktemp("answers")


def frame_of(kind: str, texts: list[Any]) -> Any:
    """The texts as a frame of a kind, with an odd index where there is one, and other columns."""
    rows = {"n": list(range(len(texts))), "nested": [[row] for row in range(len(texts))]}
    if kind.startswith("pandas"):
        index = pd.Index([f"x{row % 2}" for row in range(len(texts))], name="text", dtype=object)
        column = pd.Series(texts, dtype="str" if kind == "pandas text" else object, index=index)
        return pd.DataFrame({"text": column, **rows}, index=index)
    if kind == "pyarrow":
        return pa.table({"text": pa.array(texts, pa.string()), **rows})
    made = pl.DataFrame({"text": texts, **rows}, schema_overrides={"text": pl.String})
    return made.lazy() if kind == "lazy" else made


def eager(frame: Any) -> nw.DataFrame[Any]:
    """Any of them as one that can be looked into."""
    return nw.from_native(frame.collect() if isinstance(frame, pl.LazyFrame) else frame)


def plain(value: Any) -> Any:
    """A value with one sign for what is missing."""
    return None if is_missing(value) else value


def check(texts: list[Any], made: Any) -> None:
    """Every text has its verdict; what is missing or empty has none and says why."""
    rows = eager(made).select(NEW).rows()
    columns = eager(made).columns
    why = eager(made)["moderate_error"].to_list() if "moderate_error" in columns else []
    for place, (text, row) in enumerate(zip(texts, rows, strict=True)):
        found = [plain(value) for value in row]
        if not (text and text.strip()):
            assert found == [None] * len(NEW)
            assert why[place].startswith("missing" if text is None else "empty")
            continue
        right = verdict(text)
        applies = [name for name, holds in right["categories"].items() if holds]
        likeliest = max(applies, key=right["category_scores"].__getitem__, default=None)
        scores = [right["category_scores"][name] for name in CATEGORIES]
        assert found == [right["flagged"], likeliest, *scores]
        assert not why or plain(why[place]) is None


@settings(max_examples=60)
@given(TEXTS, KINDS)
def test_frames(shared: tuple[Client, Path], texts: list[Any], kind: str) -> None:
    client, folder = shared
    frame = frame_of(kind, texts)
    for _ in range(2):  # the second time from the disk
        made = nx.moderate(frame, "text", client=client, cache=folder, progress=False)
        assert type(made) is type(frame)
        before, after = eager(frame), eager(made)
        assert after.columns[:5] == ["text", "n", "nested", "flagged", "category"]
        assert after.select("n", "nested").rows() == before.select("n", "nested").rows()
        assert list(map(plain, after["text"].to_list())) == texts
        assert all(after.schema[name] == nw.Float64 for name in CATEGORIES)
        if kind.startswith("pandas"):
            pd.testing.assert_index_equal(made.index, frame.index)
        check(texts, made)


@pytest.mark.parametrize("kind", ["polars", "lazy", "pyarrow", "pandas"])
def test_types(client: Client, kind: str) -> None:
    for texts in (["a", "b"], ["a", None], [None], []):
        made = eager(nx.moderate(frame_of(kind, texts), "text", client=client))
        assert made.schema["flagged"] == nw.Boolean
        if kind != "pandas":
            assert made.schema["category"] == nw.String
        assert {made.schema[name] for name in CATEGORIES} == {nw.Float64()}


def test_nothing_is_sent_before_a_lazy_frame_is_collected(
    upstream: Upstream, client: Client
) -> None:
    lazy = nx.moderate(frame_of("lazy", ["a", "b", "a"]), "text", client=client)
    kinds = lazy.collect_schema()
    assert (kinds["flagged"], kinds["hate"]) == (pl.Boolean, pl.Float64)
    assert upstream.requests == 0
    assert lazy.select("n").collect()["n"].to_list() == [0, 1, 2]
    assert upstream.requests == 0
    check(["a", "a"], lazy.filter(pl.col("text") == "a").collect())
    assert upstream.sent == {"a": 1}


def test_equal_texts_are_sent_once(upstream: Upstream, client: Client) -> None:
    texts = [f"t{row % 90}" for row in range(200)]
    frame = pd.DataFrame({"text": texts})
    check(texts, nx.moderate(frame, "text", client=client))
    assert set(upstream.sent.values()) == {1}
    assert upstream.requests == -(-90 // MOST_TEXTS)
    check(texts, nx.moderate(frame, "text", client=client))
    assert upstream.requests == 2
    nx.moderate(frame, "text", client=client, cache=False, batch_size=30)
    assert upstream.requests == 5
    nx.moderate(frame, "text", client=client, model="another")
    assert set(upstream.sent.values()) == {3}


def test_one_bad_text_is_found(upstream: Upstream, client: Client) -> None:
    upstream.faults.refusal = "t7".__eq__
    texts = [f"t{row}" for row in range(100)]
    made = nx.moderate(pl.DataFrame({"text": texts}), "text", client=client)
    why = made["moderate_error"].to_list()
    assert why.pop(7) == "invalid_value: one of the inputs is not welcome"
    assert set(why) == {None}
    check(texts[:7] + texts[8:], made.filter(pl.col("text") != "t7"))
    assert made["flagged"].null_count() == made["hate"].null_count() == 1


def test_an_answer_that_judges_others_is_none(upstream: Upstream, client: Client) -> None:
    upstream.faults.answer = lambda body: (
        (200, {}, b'{"results": []}') if len(body["input"]) > 1 else None
    )
    texts = ["a", "b", "c", "d"]
    with pytest.raises(errors.Upstream, match="judges 0 of 4 inputs"):
        nx.moderate(pl.DataFrame({"text": texts}), "text", client=client)
    check(texts, nx.moderate(pl.DataFrame({"text": texts}), "text", client=client, batch_size=1))


def test_errors_are_raised_at_the_end_if_asked(client: Client) -> None:
    frame = pl.DataFrame({"text": ["a", None]})
    with pytest.raises(errors.BatchFailed) as caught:
        nx.moderate(frame, "text", client=client, errors="raise")
    assert (caught.value.failed, caught.value.total) == (1, 2)
    check(["a", None], caught.value.partial)


def test_an_interrupt_keeps_what_is_done(upstream: Upstream, client: Client) -> None:
    def interrupt_once(seen: Upstream) -> None:
        if len(seen.answered) == 2:
            seen.on_answer, seen.faults.latency = (lambda _: None), 30.0
            interrupt()

    upstream.on_answer = interrupt_once
    frame = pl.DataFrame({"text": ["a", "b", "c", "d"]})
    one_by_one: Any = {"client": client, "batch_size": 1, "max_concurrency": 1}
    with pytest.raises(errors.Stopped, match="run it again to go on") as caught:
        nx.moderate(frame, "text", **one_by_one)
    check(["a"], caught.value.partial[:1])
    assert caught.value.partial["moderate_error"][3].startswith("not_done")
    upstream.faults.latency = 0.0
    check(["a", "b", "c", "d"], nx.moderate(frame, "text", **one_by_one))
    assert upstream.sent["a"] == upstream.sent["d"] == 1


def test_the_price_before(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a b c", "d e f"] * 500})
    options: Any = {"client": client, "model": "text-moderation-latest"}
    estimate = nx.moderate(frame, "text", dry_run=True, **options)
    assert (estimate.verb, estimate.input_tokens) == ("moderate", 6)
    assert nx.moderate(pl.from_pandas(frame).lazy(), "text", dry_run=True, **options) == estimate
    assert nx.estimate("moderate", frame, column="text", **options) == estimate
    assert not [body for body in upstream.bodies if body]
    local = nx.moderate(frame, "text", client=client, dry_run=True)
    with pytest.raises(errors.BudgetExceeded, match="nothing was sent"):
        nx.moderate(frame, "text", client=client, budget=local.usd[0] / 2)
    nx.moderate(frame, "text", client=client, budget=Decimal("0.01"))
    assert nx.moderate(frame, "text", client=client, dry_run=True).input_tokens == 0


@pytest.mark.parametrize(
    ("frame", "column", "options", "said"),
    [
        (pd.DataFrame({"text": ["a"]}), "texts", {}, "no column 'texts' → did you mean text?"),
        (pl.DataFrame({"n": [1]}), "n", {}, "the column 'n' holds no texts but int"),
        (pl.DataFrame({"hate": ["a"]}), "hate", {}, "'hate', which is read, would be overwritten"),
        (pl.LazyFrame({"hate": ["a"]}), "hate", {}, "'hate', which is read, would be overwritten"),
        (pl.DataFrame({"moderate_error": ["a"]}), "moderate_error", {}, "would be overwritten"),
        (pl.DataFrame({"text": ["a"]}), "text", {"batch_size": 0}, "batch_size cannot be 0"),
    ],
)
def test_what_cannot_be_used_is_said(
    upstream: Upstream, client: Client, frame: Any, column: str, options: Any, said: str
) -> None:
    with pytest.raises(errors.BadInput) as caught:
        nx.moderate(frame, column, client=client, **options)
    assert said in str(caught.value)
    assert upstream.requests == 0


def test_options_are_those_of_all_verbs() -> None:
    with pytest.raises(
        errors.BadInput, match=r"unexpected keyword argument 'batchsize' → did you mean batch_size"
    ):
        nx.moderate(pl.DataFrame(), "text", batchsize=3)  # type: ignore[call-arg]


def test_a_missing_model_ends_the_batch(gateway: RunningGateway) -> None:
    with Client(gateway.base_url, gateway.key) as client:
        with pytest.raises(errors.ModelNotFound, match="local/moderate") as caught:
            nx.moderate(pl.DataFrame({"text": ["a"]}), "text", client=client, model="local/moderat")
        assert caught.value.partial["flagged"].to_list() == [None]


@given(st.booleans(), st.none() | st.text(), st.lists(st.none() | st.floats(0, 1), max_size=13))
def test_what_is_kept_comes_back(flagged: bool, category: str | None, scores: Any) -> None:
    value = Judgement(flagged, category, tuple(scores))
    work: Any = ModerateWork
    assert work.unpack(None, work.pack(None, value)) == value


def test_with_the_real_gateway(shared_gateway: RunningGateway) -> None:
    texts = ["I will kill you", "have a nice day", None, "I will kill you"]
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = nx.moderate(pd.DataFrame({"text": texts}), "text", client=client)
        plain_reply = client.moderate(["I will kill you", "have a nice day"])
    rows = [plain_reply[0], plain_reply[1], None, plain_reply[0]]
    assert list(map(plain, made["flagged"])) == [row and row.flagged for row in rows]
    assert list(map(plain, made["category"])) == [row and row.category for row in rows]
    for name in CATEGORIES:
        assert list(map(plain, made[name])) == [row and row.scores[name] for row in rows]


def test_the_estimate_is_the_bill(shared_gateway: RunningGateway) -> None:
    frame = pl.DataFrame({"text": [f"have a nice day {row % 150}" for row in range(200)]})
    options: Any = {"cache": False, "batch_size": 40}
    with Client(shared_gateway.base_url, shared_gateway.key) as client, nx.budget(1) as kept:
        estimate = nx.moderate(frame, "text", client=client, dry_run=True, **options)
        assert kept.spent == 0
        nx.moderate(frame, "text", client=client, **options)
    assert estimate.usd == (kept.spent, kept.spent)


def test_a_plan_holds_nothing_that_cannot_travel() -> None:
    assert pickle.loads(pickle.dumps(Moderate("text"))) == Moderate("text")
