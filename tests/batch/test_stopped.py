"""What a batch says when it is stopped: an interrupt is `Stopped` whatever it is doing, and nobody
is told that nothing was sent if something was.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import polars as pl
import pytest
from pydantic import BaseModel, field_validator

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.client import Client
from tests.batch.upstream import Upstream, interrupt

on_read: list[Callable[[], None]] = []  # what happens when the next answers are read


class Review(BaseModel):
    """The class that reads the answers, those on disk too."""

    stars: int

    @field_validator("stars")
    @classmethod
    def _heed(cls, stars: int) -> int:
        if on_read:
            on_read.pop()()
        return stars


class Stopping(str):
    """A text that interrupts whoever reads it."""

    __slots__ = ()

    def __hash__(self) -> int:
        interrupt()
        return super().__hash__()


def test_while_known_rows_are_looked_up(upstream: Upstream, client: Client) -> None:
    upstream.faults.says = lambda body: {"message": {"content": '{"stars": 4}'}}
    frame = pl.DataFrame({"text": [f"t{row}" for row in range(50)]})
    nx.ask(frame, "{text}", schema=Review, client=client)
    upstream.forget()
    on_read.extend([interrupt, *[lambda: None] * 20])
    with pytest.raises(errors.Stopped, match="with 20 of 50 rows done; run it again") as caught:
        nx.ask(frame, "{text}", schema=Review, client=client)
    assert not on_read
    assert caught.value.partial["stars"].to_list() == [4] * 20 + [None] * 30
    why = caught.value.partial["answer_error"].drop_nulls()
    assert why.to_list() == ["not_done: the batch was stopped before"] * 30
    assert not upstream.sent


@pytest.mark.parametrize("verb", ["embed", "rerank"])
def test_while_the_frame_is_read(upstream: Upstream, client: Client, verb: str) -> None:
    frame = pd.DataFrame({"text": ["a", Stopping("b")]}, dtype=object)
    more = ["text"] if verb == "embed" else ["a query"]
    with pytest.raises(errors.Stopped, match=f"{verb} was stopped while it read") as caught:
        getattr(nx, verb)(frame, *more, client=client)
    assert caught.value.partial is None
    assert not upstream.sent


def test_answers_of_no_use_were_sent_too(upstream: Upstream, client: Client) -> None:
    upstream.faults.says = lambda body: {"finish_reason": "length"}
    frame = pl.DataFrame({"text": [f"t{row}" for row in range(100)]})
    words = r"ask was stopped by the budget with 0 of 100 rows done, \$0\.00\d+ spent"
    with nx.budget("0.0001") as spent, pytest.raises(errors.BudgetExceeded, match=words) as caught:
        nx.ask(frame, "{text}", model="gpt-4o-mini", max_tokens=50, client=client)
    assert 0 < spent.spent <= spent.limit
    assert "nothing was sent" not in str(caught.value)
    assert caught.value.partial["answer_error"].str.starts_with("truncated").any()


def test_what_was_refused_was_sent_too(upstream: Upstream, client: Client) -> None:
    upstream.faults.refusal = lambda text: text == "bad"
    frame = pl.DataFrame({"text": ["bad", "dear " * 9000]})
    options: dict[str, object] = {"batch_size": 1, "max_concurrency": 1, "model": "gpt-4o-mini"}
    with nx.budget("0.0001"), pytest.raises(errors.BudgetExceeded, match="0 of 2 rows") as caught:
        nx.ask(frame, "{text}", max_tokens=1, client=client, **options)
    assert [*upstream.sent] == ["bad"]
    assert "nothing was sent" not in str(caught.value)
