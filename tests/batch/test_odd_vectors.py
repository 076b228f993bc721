"""Vectors of another length than the rest, or with what is no number: never kept, nor asked for
again and again; those that are on disk are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.inputs import read
from nexhina_nb.batch.tally import Bill, Tally
from nexhina_nb.client import Client
from nexhina_nb.client.cost import Cost
from tests.batch.upstream import Reply, Upstream, vector

MANY = 500
TEXTS = [f"t{row}" for row in range(MANY)]
FRAME = pl.DataFrame({"text": TEXTS})


def odd(body: dict[str, Any], *numbers: Any) -> Reply:
    """An answer with vectors of two numbers, or of these."""
    rows = [{"index": i, "embedding": numbers or [1.0, 2.0]} for i, _ in enumerate(body["input"])]
    return 200, {}, json.dumps({"data": rows, "model": "embedder"}).encode()


@pytest.fixture
def embed(client: Client, tmp_path: Path) -> Any:
    """`nx.embed` with a cache of this test."""
    usual = {"client": client, "cache": tmp_path / "a.db", "model": "m", "batch_size": 20}
    return lambda frame=FRAME, **more: nx.embed(frame, "text", **{**usual, **more})


def odd_for(upstream: Upstream, *wanted: int) -> None:
    """Answer these requests with vectors of another length, counted from now on."""
    upstream.forget()
    upstream.faults.answer = lambda body: odd(body) if upstream.requests in wanted else None


def check(made: Any, texts: Sequence[str] = TEXTS) -> None:
    """Every text has its vector."""
    assert np.array_equal(nx.matrix(made["embedding"]), np.stack(list(map(vector, texts))))


def known(upstream: Upstream, embed: Any) -> None:
    """All are on disk, and right."""
    upstream.forget()
    check(embed())
    assert upstream.requests == 0


def test_a_first_answer_that_is_odd(upstream: Upstream, embed: Any) -> None:
    odd_for(upstream, 1)
    with pytest.raises(errors.Upstream, match="of 2 and of 8 numbers") as caught:
        embed(max_concurrency=1)
    assert caught.value.code == "bad_response_body"
    assert "run it again" in str(caught.value)
    assert upstream.requests == 4
    assert caught.value.partial["embedding"].null_count() == MANY
    odd_for(upstream)
    check(embed())
    known(upstream, embed)


def test_a_later_answer_that_is_odd(upstream: Upstream, embed: Any) -> None:
    odd_for(upstream, 3)
    check(embed())
    assert upstream.requests == MANY // 20 + 1
    known(upstream, embed)


def test_odd_answers_on_disk_are_replaced(upstream: Upstream, embed: Any) -> None:
    odd_for(upstream, 1)
    embed(FRAME[:20])
    odd_for(upstream)
    embed(FRAME[20:200])
    upstream.forget()
    check(embed())
    assert upstream.sent.keys() == {*TEXTS[:20], *TEXTS[200:]}
    known(upstream, embed)


def test_two_models_behind_one_name(upstream: Upstream, embed: Any) -> None:
    upstream.faults.answer = lambda body: odd(body) if upstream.requests % 2 else None
    with pytest.raises(errors.Upstream, match=r"of 2 and of 8 numbers .*more than one model"):
        embed(max_concurrency=1)
    assert upstream.requests <= 8


def test_a_few_odd_ones_among_very_many(upstream: Upstream, embed: Any) -> None:
    odd_for(upstream, 90, 180, 270, 360)
    check(embed(batch_size=1))
    assert upstream.requests == MANY + 4
    odd_for(upstream, 20, 30, 40)
    with pytest.raises(errors.Upstream, match="of 2 and of 8 numbers"):
        embed(batch_size=1, cache=False, max_concurrency=1)
    assert upstream.requests == 40


def test_a_model_that_changed(upstream: Upstream, embed: Any) -> None:
    embed(FRAME[:100])
    upstream.forget()
    upstream.faults.length = 16
    with pytest.raises(errors.StoreError, match=r"of 8 and of 16 numbers.*earlier one") as caught:
        embed(max_concurrency=1)
    assert "nexhina cache clear --verb embed --model m`" in str(caught.value)
    assert upstream.requests == 3
    upstream.forget()
    check(caught.value.partial[:100], TEXTS[:100])
    upstream.faults.length = 8
    check(embed())
    assert not set(TEXTS[:100]) & upstream.sent.keys()


def keep(path: Path, client: Client, length: int, rows: range, **parameters: Any) -> None:
    """Put vectors of this length on disk, as an earlier version might have done."""
    address = Address("embed", client.base_url, "m", **{"dimensions": None, **parameters})
    data = np.ones(length, "<f4").tobytes()
    with Cache(path, 1 << 30) as cache:
        cache.put({address.of(f"t{row}".encode()): data for row in rows}, "embed", "m")


def test_more_odd_ones_on_disk_than_can_be_told(
    upstream: Upstream, client: Client, embed: Any, tmp_path: Path
) -> None:
    keep(tmp_path / "a.db", client, 4, range(1000))
    keep(tmp_path / "a.db", client, 8, range(1000, 2500))
    with pytest.raises(errors.StoreError, match=r"most vectors on disk .* the 4 numbers.*clear"):
        embed(pl.DataFrame({"text": [f"t{row}" for row in range(2500)]}))
    assert upstream.requests == 0


def test_the_length_that_was_asked_for(
    upstream: Upstream, client: Client, embed: Any, tmp_path: Path
) -> None:
    keep(tmp_path / "a.db", client, 4, range(400), dimensions=8)
    odd_for(upstream, 1)
    check(embed(dimensions=8))
    assert upstream.requests == MANY // 20 + 1
    upstream.forget()
    check(embed(dimensions=8))
    assert upstream.requests == 0


def test_a_model_that_knows_no_dimensions(upstream: Upstream, embed: Any) -> None:
    upstream.faults.answer = odd
    with pytest.raises(errors.Upstream, match=r"of 2 numbers, not of 8.*leave dimensions out"):
        embed(dimensions=8, max_concurrency=1)
    assert upstream.requests == 3


def test_what_is_not_finite_is_asked_for_again(upstream: Upstream, embed: Any) -> None:
    upstream.faults.answer = lambda body: odd(body, 1e39, *[1.0] * 7) if first(upstream) else None
    check(embed())
    known(upstream, embed)


def first(upstream: Upstream) -> bool:
    return upstream.requests == 1


@pytest.fixture
def stopped() -> EmbedWork:
    """A batch of which one text was answered, one failed, and one was not sent any more."""
    inputs = read(["a", "b", "c", None, "a"], "x")
    work = EmbedWork(inputs, Embedding("m"), Address("embed", "", "m"), None, Tally(5))
    work.keep((0,), Answer([(0, vector("a"))], Bill(Cost(1))))
    work.fail((1,), errors.BadRequest("no"))
    return work


def test_rows_that_were_never_sent_are_not_touched(stopped: EmbedWork) -> None:
    """Writing NaN into all of them takes a second for 100,000 rows, at an interrupt."""
    column = stopped.column()
    assert column.valid.tolist() == [True, False, False, False, True]
    assert not column.matrix[2].any()
    assert np.isnan(column.matrix[[1, 3]]).all()  # `matrix` need not copy it


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_they_are_null_all_the_same(stopped: EmbedWork, kind: Any) -> None:
    frame = Table.of(kind({"text": ["a", "b", "c", None, "a"]}))
    made = frame.having({"v": stopped.column()}).native["v"]
    numbers = nx.matrix(made)
    assert np.isnan(numbers).all(axis=1).tolist() == [False, True, True, True, False]
    assert np.array_equal(numbers[[0, 4]], np.stack([vector("a")] * 2))
    nulls = nw.from_native(made, series_only=True).is_null().to_list()
    assert nulls == [False, True, True, True, False]
