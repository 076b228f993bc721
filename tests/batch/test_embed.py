"""`nx.embed`: whatever the frame, its order, index, kind and other columns stay, and every vector
is the right one.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import httpx2
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import FILE_NAME
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.inputs import read
from nexhina_nb.batch.tally import Bill, Tally
from nexhina_nb.client import AsyncClient, Client
from nexhina_nb.client.cost import Cost
from nexhina_nb.pricing.price import UnknownPriceWarning
from tests.batch.upstream import Upstream, error, serve, vector
from tests.conftest import RunningGateway


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """A client for many examples, and a folder for their answers."""
    with serve() as upstream, Client(upstream.base_url, "sk-test") as client:
        yield client, tmp_path_factory.mktemp("answers")


TEXTS = st.lists(
    st.none() | st.sampled_from(["a", "b", "", " \n", "é中\0\n"]) | st.text(), max_size=12
)


def check_vectors(texts: list[Any], column: Any, why: list[Any] | None) -> None:
    """Every text has its vector; what is missing or empty has none and says why."""
    made = nx.matrix(column)
    assert len(made) == len(texts)
    reasons = [None] * len(texts) if why is None else list(why)
    for text, row, reason in zip(texts, made, reasons, strict=True):
        if isinstance(text, str) and text.strip():
            assert np.array_equal(row, vector(text))
            assert reason is None or reason != reason
        else:
            assert np.isnan(row).all()
            assert isinstance(reason, str)
            assert reason.startswith("missing" if text is None else "empty")


def indexes(rows: int) -> list[Any]:
    """Odd ones: repeated, of texts, of times, of several levels."""
    times = pd.date_range("2026-01-01", periods=rows, tz="UTC")
    return [
        pd.RangeIndex(5, 5 + rows, name="id"),
        pd.Index([7] * rows),
        pd.Index([f"x{row % 2}" for row in range(rows)], name="text"),
        times,
        pd.MultiIndex.from_arrays([[1] * rows, range(rows)]),
    ]


@settings(max_examples=50)
@given(TEXTS, st.integers(0, 4), st.sampled_from(["object", "string", "category", "str"]))
def test_pandas_frames(
    shared: tuple[Client, Path], texts: list[Any], index: int, kind: str
) -> None:
    client, folder = shared
    rows = len(texts)
    frame = pd.DataFrame(
        {
            "n": np.arange(rows)[::-1],
            "text": pd.Series(texts, dtype=object).astype(kind).to_numpy() if rows else [],
            "kind": pd.Categorical(["k"] * rows),
            "nested": [[row] for row in range(rows)],
        },
        index=indexes(rows)[index],
    )
    frame["text"] = pd.Series(texts, dtype=object).astype(kind).array
    before = frame.copy(deep=True)
    for _ in range(2):  # the second time from the disk
        made = nx.embed(frame, "text", client=client, cache=folder, progress=False)
        pd.testing.assert_frame_equal(made[list(frame.columns)], before)
        pd.testing.assert_frame_equal(frame, before)
        assert set(made.columns) - set(frame.columns) <= {"embedding", "embedding_error"}
        check_vectors(texts, made["embedding"], made.get("embedding_error"))


@settings(max_examples=50)
@given(TEXTS, st.booleans(), st.booleans())
def test_polars_frames(
    shared: tuple[Client, Path], texts: list[Any], lazy: bool, category: bool
) -> None:
    client, folder = shared
    kind = pl.Categorical if category else pl.String
    frame = pl.DataFrame(
        {"text": texts, "nested": [[row] for row in range(len(texts))]},
        schema={"text": kind, "nested": pl.List(pl.Int64)},
    )
    for _ in range(2):
        given_frame: Any = frame.lazy() if lazy else frame
        made = nx.embed(given_frame, "text", client=client, cache=folder, progress=False)
        assert type(made) is type(given_frame)
        eager = made.lazy().collect()
        assert eager.select(frame.columns).equals(frame)
        if any(text and text.strip() for text in texts):
            assert eager.schema["embedding"] == pl.Array(pl.Float32, 8)
        why = eager["embedding_error"] if "embedding_error" in eager.columns else None
        check_vectors(texts, eager["embedding"], why)


@settings(max_examples=50)
@given(TEXTS, st.integers(1, 3))
def test_arrow_tables(shared: tuple[Client, Path], texts: list[Any], chunks: int) -> None:
    client, folder = shared
    cuts = np.array_split(np.array(texts, object), chunks)
    text = pa.chunked_array([pa.array(list(cut), pa.string()) for cut in cuts])
    table = pa.table({"text": text, "n": pa.array(range(len(texts)))})
    made = nx.embed(table, "text", client=client, cache=folder, progress=False)
    assert made.select(["text", "n"]).equals(table)
    why = made["embedding_error"].to_pylist() if "embedding_error" in made.column_names else None
    check_vectors(texts, made["embedding"], why)


def test_equal_texts_are_sent_once(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a", "b", "a", "a"]})
    nx.embed(frame, "text", client=client)
    assert upstream.sent == {"a": 1, "b": 1}
    nx.embed(pl.DataFrame({"other": ["b", "c"]}), "other", client=client)
    assert upstream.sent == {"a": 1, "b": 1, "c": 1}
    nx.embed(frame, "text", client=client, cache=False)
    nx.embed(frame, "text", client=client, dimensions=3)
    nx.embed(frame, "text", client=client, model="another")
    assert upstream.sent == {"a": 4, "b": 4, "c": 1}


def test_lengths_are_asked_for(upstream: Upstream, client: Client) -> None:
    made = nx.embed(pl.DataFrame({"t": ["a"]}), "t", client=client, dimensions=3, into="v")
    assert made.schema["v"] == pl.Array(pl.Float32, 3)
    assert upstream.bodies[0]["dimensions"] == 3


def test_a_second_run_replaces_the_columns(client: Client) -> None:
    frame = pd.DataFrame({"text": ["a", None], "n": [1, 2]})
    made = nx.embed(frame, "text", client=client)
    assert list(made.columns) == ["text", "n", "embedding", "embedding_error"]
    whole = nx.embed(made.fillna({"text": "b"}), "text", client=client)
    assert list(whole.columns) == ["text", "n", "embedding"]


def test_columns_of_several_levels(client: Client) -> None:
    columns = pd.MultiIndex.from_tuples([("a", "text"), ("a", "n")])
    frame = pd.DataFrame([["a", 1], [None, 2]], columns=columns)
    made = nx.embed(frame, ("a", "text"), client=client)
    assert list(made.columns) == [*columns, ("embedding", ""), ("embedding_error", "")]
    whole = nx.embed(made[:1], ("a", "text"), client=client)
    assert list(whole.columns) == [*columns, ("embedding", "")]


def test_a_column_of_nothing_keeps_its_place(upstream: Upstream, client: Client) -> None:
    made = nx.embed(pl.DataFrame({"text": [None, None]}), "text", client=client, dimensions=3)
    assert made.schema["embedding"] == pl.Array(pl.Float32, 3)
    assert made["embedding"].null_count() == 2
    assert not upstream.sent


def test_rows_that_are_no_texts(client: Client) -> None:
    frame = pd.DataFrame({"text": ["a", 3, b"b", "\ud800", float("nan")]}, dtype=object)
    why = list(nx.embed(frame, "text", client=client)["embedding_error"])
    assert why[1:] == [
        "not_a_text: an int stands where a text should",
        "not_a_text: a bytes stands where a text should",
        "not_a_text: half a character (a lone surrogate) is in it",
        "missing: there is no text",
    ]


def test_texts_that_are_too_long_are_not_sent(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["word " * 9000, "short"]})
    made = nx.embed(frame, "text", client=client)
    assert made["embedding_error"][0].startswith("context_length_exceeded: 9,")
    assert upstream.sent == {"short": 1}


def test_errors_are_raised_at_the_end_if_asked(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a", None, "b"]})
    with pytest.raises(errors.BatchFailed) as caught:
        nx.embed(frame, "text", client=client, errors="raise")
    error = caught.value
    assert (error.failed, error.total) == (1, 3)
    assert str(error).startswith("1 of 3 rows failed, the first is row 1: missing")
    pd.testing.assert_frame_equal(error.partial, nx.embed(frame, "text", client=client))
    assert not nx.embed(frame[:1], "text", client=client, errors="raise").empty


@pytest.mark.parametrize(
    ("frame", "column", "options", "said"),
    [
        ([1, 2], "text", {}, "a list is no frame that is known here"),
        (pd.Series(["a"]), "text", {}, "a Series is no frame"),
        (pd.DataFrame({"text": ["a"]}), "texts", {}, "no column 'texts' → did you mean text?"),
        (pl.DataFrame({"n": [1]}), "n", {}, "the column 'n' holds no texts but int"),
        (pd.DataFrame([["a", "b"]], columns=["x", "x"]), "x", {}, "several columns 'x'"),
        (pd.DataFrame({"text": ["a"]}), "text", {"errors": "ignore"}, "errors cannot be 'ignore'"),
        (pd.DataFrame({"text": ["a"]}), "text", {"batch_size": 0}, "batch_size cannot be 0"),
        (pd.DataFrame({"text": ["a"]}), "text", {"client": 3}, "client is an int"),
        (pd.DataFrame({"text": ["a"]}), "text", {"budget": "x"}, "the budget cannot be 'x'"),
        (pd.DataFrame({"text": ["a"]}), "text", {"dimensions": 0}, "dimensions cannot be 0"),
        (
            pd.DataFrame({"text": ["a"]}),
            "text",
            {"into": "text"},
            "the column 'text', which is read, would be",
        ),
        (pl.DataFrame({"v_error": ["a"]}), "v_error", {"into": "v"}, "would be overwritten"),
        (pd.DataFrame({"text": ["a"]}), "text", {"cache": None}, "cache cannot be None"),
        (pl.DataFrame({"text": ["a"]}), "text", {"into": 3}, "into cannot be 3"),
        (pl.DataFrame({"text": ["a"]}), pl.col("text"), {}, "given as an Expr → pass its name"),
        (pd.DataFrame({"text": ["a"]}), pd.Series(["a"]), {}, "given as a Series"),
        (
            pd.DataFrame([["a", 1, 2]], columns=["text", "v", "v"]),
            "text",
            {"into": "v"},
            "several columns 'v'",
        ),
    ],
)
def test_what_cannot_be_used_is_said(
    upstream: Upstream, client: Client, frame: Any, column: str, options: Any, said: str
) -> None:
    with pytest.raises(errors.BadInput) as caught:
        nx.embed(frame, column, **{"client": client, **options})
    assert said in str(caught.value)
    assert not upstream.sent


def test_a_numbered_column_and_a_twin_elsewhere(client: Client) -> None:
    frame = pd.DataFrame([["a", 1, 2], ["b", 3, 4]], columns=[0, "x", "x"])
    made = nx.embed(frame, 0, client=client)
    assert list(made.columns) == [0, "x", "x", "embedding"]


def test_the_price_before(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": ["a b c", "d e f"] * 500})
    model = "text-embedding-3-large"
    estimate = nx.embed(frame, "text", client=client, model=model, dry_run=True)
    assert (estimate.input_tokens, estimate.model) == (6, model)
    with pytest.raises(errors.BadInput, match="nothing was sent"):
        nx.embed(frame, "text", client=client, model=model, budget=0.0000001)
    assert not upstream.sent
    nx.embed(frame, "text", client=client, model=model, budget=Decimal("0.01"))
    estimate = nx.embed(frame, "text", client=client, model=model, dry_run=True)
    assert (estimate.input_tokens, estimate.quota) == (0, (0, 0))
    nx.embed(frame, "text", client=client, model=model, budget=0)
    with pytest.warns(UnknownPriceWarning), pytest.raises(errors.BadInput, match="no price"):
        nx.embed(frame, "text", client=client, model="nobody-knows-it", budget=1)


def test_the_estimate_of_many_requests_rounds_as_the_bill_does(client: Client) -> None:
    frame = pd.DataFrame({"text": [f"word {number}" for number in range(100)]})
    model = "text-embedding-3-large"
    one = nx.embed(frame, "text", client=client, model=model, dry_run=True, batch_size=100)
    many = nx.embed(frame, "text", client=client, model=model, dry_run=True, batch_size=10)
    single = nx.estimate("embed", list(frame["text"][:10]), model=model)
    assert many.input_tokens == one.input_tokens
    assert many.quota[0] == 10 * single.quota[0]


def test_notes_of_many_requests_are_one(client: Client) -> None:
    # Its way of counting is not known, so that a text that seems too long is sent.
    model = "mistral-embed"
    texts = [f"{number} " + "word " * 9000 for number in range(3)]
    frame = pd.DataFrame({"text": texts})
    options = {"client": client, "model": model, "dry_run": True}
    [note] = nx.embed(frame[:1], "text", **options).notes
    many = nx.embed(frame, "text", batch_size=1, **options)
    assert many.notes == (f"{note}, and so in 2 more requests",)


def test_without_a_gateway() -> None:
    frame = pd.DataFrame({"text": ["a"]})
    assert nx.embed(frame, "text", dry_run=True).input_tokens == 1
    with pytest.raises(errors.GatewayNotRunning):
        nx.embed(frame, "text")
    assert list(nx.embed(frame[:0], "text").columns) == ["text", "embedding"]


def test_tags_go_with_every_call(upstream: Upstream, client: Client) -> None:
    nx.embed(pd.DataFrame({"text": ["a"]}), "text", client=client, tags={"job": "7"})
    assert upstream.tags == ["job=7"]


def test_the_time_limit_of_the_client_holds(upstream: Upstream) -> None:
    upstream.faults.latency = 5.0
    frame = pd.DataFrame({"text": ["a"]})
    with (
        Client(upstream.base_url, "sk", timeout=0.05, max_retries=0) as client,
        pytest.raises(errors.TimedOut),
    ):
        nx.embed(frame, "text", client=client)


def test_a_client_of_its_own(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", upstream.base_url)
    monkeypatch.setenv("NEXHINA_CACHE_MB", "0")
    frame = pl.DataFrame({"text": ["a"]})
    for _ in range(2):
        check_vectors(["a"], nx.embed(frame, "text")["embedding"], None)
    assert upstream.sent == {"a": 2}


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_callers_own_http_client_makes_the_calls(upstream: Upstream, library: Any) -> None:
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(300)]})
    with library.Client(headers={"X-Nexhina-Tags": "own=1"}) as http:
        client = Client(upstream.base_url, "sk", http_client=http)
        made = nx.embed(frame, "text", client=client, batch_size=20)
        check_vectors(list(frame["text"]), made["embedding"], None)
        assert not http.is_closed
    assert set(upstream.tags) == {"own=1"}


def test_an_async_client_and_a_running_loop(upstream: Upstream) -> None:
    frame = pd.DataFrame({"text": ["a"]})

    async def cell() -> None:
        async with AsyncClient(upstream.base_url, "sk") as client:
            made = nx.embed(frame, "text", client=client)
            check_vectors(["a"], made["embedding"], None)
            await client.models()  # it stays the caller's, in the caller's loop
        async with httpx2.AsyncClient() as http:
            own = AsyncClient(upstream.base_url, "sk", http_client=http)
            with pytest.raises(errors.BadInput, match="another loop"):
                nx.embed(frame, "text", client=own, cache=False)

    asyncio.run(cell())


def test_in_a_thread(client: Client) -> None:
    made = []
    frame = pd.DataFrame({"text": ["a"]})
    thread = threading.Thread(target=lambda: made.append(nx.embed(frame, "text", client=client)))
    thread.start()
    thread.join()
    check_vectors(["a"], made[0]["embedding"], None)


def test_two_batches_at_once_share_the_answers(upstream: Upstream, client: Client) -> None:
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(2000)]})
    made: list[Any] = []
    work = [
        threading.Thread(target=lambda: made.append(nx.embed(frame, "text", client=client)))
        for _ in range(2)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    for one in made:
        check_vectors(list(frame["text"]), one["embedding"], None)
    assert max(upstream.sent.values()) <= 2
    nx.embed(frame, "text", client=client)
    assert max(upstream.sent.values()) <= 2


def test_a_model_that_changed_behind_its_name(upstream: Upstream, client: Client) -> None:
    nx.embed(pd.DataFrame({"text": ["a"]}), "text", client=client)
    upstream.faults.length = 16
    with pytest.raises(errors.StoreError, match="vectors of 8 and of 16 numbers"):
        nx.embed(pd.DataFrame({"text": ["a", "b"]}), "text", client=client)


def test_answers_of_two_models_behind_one_name(upstream: Upstream, client: Client) -> None:
    nx.embed(pd.DataFrame({"text": ["a"]}), "text", client=client)
    upstream.faults.length = 16
    nx.embed(pd.DataFrame({"text": ["b"]}), "text", client=client)
    with pytest.raises(errors.StoreError, match="vectors of 8 and of 16 numbers"):
        nx.embed(pd.DataFrame({"text": ["a", "b"]}), "text", client=client)


def test_what_came_is_billed_even_if_it_is_of_no_use(upstream: Upstream) -> None:
    inputs = read(["a", "b"], "x")
    tally = Tally(2)
    work = EmbedWork(inputs, Embedding("m"), Address("embed", "", "m"), None, tally)
    bill = Bill(Cost(5))
    work.keep((0,), Answer([(0, np.ones(2, np.float32))], bill))
    with pytest.raises(errors.Upstream, match="vectors of 2 and of 3 numbers"):
        work.keep((1,), Answer([(0, np.ones(3, np.float32))], bill))
    assert (tally.done, tally.cost.quota) == (1, 10)


def test_a_damaged_cache_is_no_obstacle(client: Client, tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b"]})
    nx.embed(frame, "text", client=client, cache=tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"junk" * 9999)
    for ending in ("-wal", "-shm"):
        (tmp_path / (FILE_NAME + ending)).unlink(missing_ok=True)
    with pytest.warns(RuntimeWarning, match="were damaged and are now .*rescue"):
        made = nx.embed(frame, "text", client=client, cache=tmp_path)
    check_vectors(["a", "b"], made["embedding"], None)


def test_answers_that_cannot_be_kept_are_warned_of(
    upstream: Upstream, client: Client, tmp_path: Path
) -> None:
    frame, path = pd.DataFrame({"text": ["a"]}), tmp_path / "x.db"
    nx.embed(frame, "text", client=client, cache=path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    frame = pd.DataFrame({"text": ["a", "b"]})
    with pytest.warns(RuntimeWarning, match="not all answers could be kept in .*: full"):
        made = nx.embed(frame, "text", client=client, cache=path)
    check_vectors(["a", "b"], made["embedding"], None)
    upstream.faults.answer = lambda body: (
        (403, {}, error("insufficient_user_quota", "no")) if body.get("input") == ["d"] else None
    )
    frame = pd.DataFrame({"text": ["c", "d"]})
    with (
        pytest.warns(RuntimeWarning, match="not all answers could be kept"),
        pytest.raises(errors.QuotaExceeded),
    ):
        nx.embed(frame, "text", client=client, cache=path, batch_size=1, max_concurrency=1)
    with pytest.raises(errors.StoreError, match="cache=False"):
        nx.embed(frame, "text", client=client, cache=path / "y.db")


def test_with_the_real_gateway(shared_gateway: Any) -> None:
    frame = pd.DataFrame({"text": ["cats and dogs", "cats and dogs", "tax law", None]})
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = nx.embed(frame, "text", client=client)
        plain = client.embed(["cats and dogs", "tax law"])
    vectors = nx.matrix(made["embedding"])
    assert np.array_equal(vectors[[0, 2]], np.asarray(plain))
    assert np.array_equal(vectors[0], vectors[1])


def test_what_ends_a_batch_carries_no_group(gateway: RunningGateway) -> None:
    """Of a group anywhere in the chain IPython would print the whole traceback."""
    client = Client(gateway.base_url, gateway.key)
    with client, pytest.raises(errors.ModelNotFound) as caught:
        nx.embed(
            pd.DataFrame({"text": ["a", "b"]}), "text", model="local/embd", client=client,
            cache=False, progress=False,
        )  # fmt: skip
    chain: list[BaseException] = []
    found: BaseException | None = caught.value
    while found is not None and found not in chain:
        chain.append(found)
        found = found.__cause__ or found.__context__
    assert not any(isinstance(error, BaseExceptionGroup) for error in chain)
