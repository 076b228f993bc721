"""`nx.estimate`: of calls and of frames, with the gateway's prices and the key's history."""

from __future__ import annotations

import json
import warnings
import wave
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nexhina_nb as nx
from nexhina_nb.client import Client
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import estimate
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price, UnknownPriceWarning
from tests.client.mock_server import MockServer, Play, serve

MINE = Catalog.from_rows([
    {"model": "small", "kind": "chat", "input": "1", "output": "1", "context": 100},
    {"model": "roomy", "kind": "chat", "input": "1", "output": "1", "max_output": 500},
    {"model": "bare", "kind": "chat", "input": "1", "output": "1"},
    {"model": "gpt-4o", "kind": "chat", "input": "1", "output": "1"},
])  # fmt: skip
TEXTS = ["a cat", "a dog", "a cat", "hello world"]


@pytest.fixture
def server() -> Iterator[MockServer]:
    with serve() as running:
        rows = [to_pricing_row("gpt-4o", Price.per_million(100, 400))]
        rows += [to_pricing_row("local/embed", Price.per_million(1000))]
        rows += [to_pricing_row("local/rerank", Price.per_call_usd("0.5"))]
        running.price_page = Play(json.dumps({"data": rows}).encode())
        yield running


@pytest.fixture
def client(server: MockServer) -> Iterator[Client]:
    with Client(server.base_url, "sk-test", max_retries=0) as made:
        yield made


def history(**lengths: list[int]) -> Play:
    rows = [
        {"type": 2, "model_name": model, "completion_tokens": length}
        for model, found in lengths.items()
        for length in found
    ]
    return Play(json.dumps({"data": rows}).encode())


def recorded(folder: Path) -> Path:
    path = folder / "half a second.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 4000))
    return path


def test_without_a_gateway_the_table_counts() -> None:
    made = nx.estimate("chat", "hello", model="gpt-4o")
    assert made == estimate("chat", "hello", model="gpt-4o")
    assert nx.estimate("embed", "hello").model == "local/embed"
    assert nx.estimate("translate", seconds=3).model == "local/transcribe"


def test_the_gateways_own_prices_are_used_and_named(client: Client, server: MockServer) -> None:
    made = nx.estimate("embed", "hello", model="gpt-4o", client=client)
    assert made.quota == (50, 50)
    assert made.price is not None
    assert made.price.source == f"{server.root}/api/pricing"
    assert server.seen == []  # no history for what has no answer in tokens


def test_the_gateway_of_the_settings_is_found(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", server.base_url)
    assert nx.estimate("embed", "hello", model="gpt-4o").quota == (50, 50)
    monkeypatch.setenv("NEXHINA_BASE_URL", "no address")
    assert nx.estimate("embed", "hello", model="gpt-4o").quota == (1, 1)


def test_nobody_is_asked_for_a_catalog_or_another_day(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_BASE_URL", server.base_url)
    mine = Catalog({}).with_overrides({"gpt-4o": Price.per_million(2)})
    assert nx.estimate("chat", "hello", model="gpt-4o", catalog=mine).quota == (8, 8)
    dated = nx.estimate("chat", "hello", model="gpt-4o", at=date(2026, 11, 1))
    assert dated.price == Catalog.bundled().price("gpt-4o", date(2026, 11, 1))
    assert server.seen == server.looked == []


def test_output_is_what_it_usually_was(client: Client, server: MockServer) -> None:
    server.play(history(**{"gpt-4o": list(range(10, 50))}))
    made = nx.estimate("chat", "hello", model="gpt-4o", client=client)
    assert made.output_tokens == (11, 48)
    assert made.assumption == "9 of 10 of the last 40 answers had 11 to 48 tokens"
    assert made.quota == (8 * 50 + 11 * 200, 8 * 50 + 48 * 200)


@pytest.mark.parametrize(("most", "expected"), [(30, (11, 30)), (5, (5, 5)), (1000, (11, 1000))])
def test_it_is_never_more_than_it_can_be(
    client: Client, server: MockServer, most: int, expected: tuple[int, int]
) -> None:
    server.play(history(**{"gpt-4o": list(range(10, 50))}))
    made = nx.estimate("chat", "hello", model="gpt-4o", client=client, max_tokens=most, n=2)
    assert made.output_tokens == (2 * expected[0], 2 * expected[1])
    assert f"max_tokens = {most:,}" in made.assumption


def test_too_few_answers_say_nothing(client: Client, server: MockServer) -> None:
    server.play(history(**{"gpt-4o": [5] * 19}))
    made = nx.estimate("chat", "hello", model="gpt-4o", client=client, max_tokens=9)
    assert made.output_tokens == (0, 9)


def test_models_are_compared_for_the_same_answer() -> None:
    models = ["gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "gpt-4o"]
    made = nx.estimate("chat", "hello", model=models)
    assert [row.model for row in made] == ["gpt-4.1-nano", "gpt-4o-mini", "gpt-4o"]
    assert {row.output_tokens for row in made} == {(0, 16_384)}
    assert {row.assumption for row in made} == {
        "at most the 16,384 tokens of output that gpt-4o can give, for all"
    }
    limited = nx.estimate("chat", "hello", model=models, max_tokens=100)
    assert {row.output_tokens for row in limited} == {(0, 100)}
    with pytest.warns(UnknownPriceWarning):
        assert nx.estimate("embed", TEXTS, model=["nobody", "local/embed"])[-1].quota is None


def test_what_is_usual_is_so_for_all_that_are_compared(client: Client, server: MockServer) -> None:
    server.play(history(**{"gpt-4o": [10] * 15, "o3": [20] * 15}))
    made = nx.estimate("chat", "hello", model=["gpt-4o", "o3"], client=client)
    assert {row.output_tokens for row in made} == {(10, 20)}


FRAMES: list[Any] = [
    pd.DataFrame({"text": TEXTS}),
    pl.DataFrame({"text": TEXTS}),
    pl.LazyFrame({"text": TEXTS}),
    pa.table({"text": TEXTS}),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__module__.split(".")[0])
def test_a_frame_is_the_dry_run_of_its_verb(client: Client, server: MockServer, frame: Any) -> None:
    made = nx.estimate("embed", frame, column="text", client=client)
    different = list(dict.fromkeys(TEXTS))
    assert made.input_tokens == sum(tokens.count_many(different))
    assert made.quota == (500 * made.input_tokens,) * 2
    assert server.seen == []


def test_frames_are_compared_too(client: Client, server: MockServer) -> None:
    frame = pd.DataFrame({"text": TEXTS})
    made = nx.estimate(
        "embed",
        frame,
        column="text",
        client=client,
        model=["local/embed", "text-embedding-3-small"],
    )
    assert [row.model for row in made] == ["text-embedding-3-small", "local/embed"]


def test_rerank_of_a_frame_and_of_two(client: Client, server: MockServer) -> None:
    documents = pd.DataFrame({"text": TEXTS})
    one = nx.estimate("rerank", documents, query="animal", client=client)
    assert one.quota == (250_000, 250_000)
    queries = pd.DataFrame({"q": ["a", "b", "c"]})
    two = nx.estimate("rerank", queries, documents, query="q", on="text", client=client)
    assert two.quota == (750_000, 750_000)
    assert server.seen == []


def test_ask_of_a_frame_has_answers_of_the_usual_length(client: Client, server: MockServer) -> None:
    frame = pl.DataFrame({"text": TEXTS})
    server.play(history(**{"gpt-4o": [10] * 30}))
    wanted: dict[str, Any] = {"prompt": "Sum up: {text}", "client": client}
    made = nx.estimate("ask", frame, model="gpt-4o", max_tokens=50, **wanted)
    different = {f"Sum up: {text}" for text in TEXTS}
    prompts = [tokens.count_messages([{"role": "user", "content": p}], "gpt-4o") for p in different]
    assert made.input_tokens == sum(prompts)
    assert made.output_tokens == (30, 150)
    assert made.quota == (50 * sum(prompts) + 30 * 200, 50 * sum(prompts) + 150 * 200)
    assert made.assumption.startswith("9 of 10 of the last 30 answers had 10 tokens; at most max_")
    server.play(history())
    both = nx.estimate("ask", frame, model=["gpt-4o", "gpt-4.1-nano"], **wanted)
    assert {row.output_tokens for row in both} == {(0, 3 * 16_384)}


def test_moderate_and_transcribe_of_a_frame(
    client: Client, server: MockServer, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"text": TEXTS, "path": [str(recorded(tmp_path))] * 4})
    moderated = nx.estimate("moderate", frame, column="text", client=client)
    assert moderated.input_tokens == sum(tokens.count_many(list(dict.fromkeys(TEXTS))))
    heard = nx.estimate("transcribe", frame, column="path", model="whisper-1", client=client)
    assert heard.quota == estimate("transcribe", "", model="whisper-1", seconds=0.5).quota
    assert server.seen == []


def test_what_is_in_the_cache_is_priced_as_well(
    client: Client, server: MockServer, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"text": ["a cat"]})
    data = [{"object": "embedding", "index": 0, "embedding": [1.0, 0.0]}]
    server.play(Play(json.dumps({"data": data, "model": "local/embed"}).encode()))
    nx.embed(frame, "text", client=client, cache=tmp_path / "c.db", progress=False)
    assert nx.estimate("embed", frame, column="text", client=client).input_tokens == 2


def test_a_recording_is_measured(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    made = nx.estimate("transcribe", path, model="whisper-1")
    assert made == estimate("transcribe", "", model="whisper-1", seconds=0.5)
    assert nx.estimate("transcribe", path.read_bytes(), model="whisper-1").quota is None
    path.write_bytes(b"no sound")
    assert nx.estimate("transcribe", path, model="whisper-1").quota is None
    assert nx.estimate("transcribe", path, model="whisper-1", seconds=60).usd == (
        Decimal("0.006"), Decimal("0.006"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("sing", "la"), {}, "cannot estimate 'sing'"),
        (("sing", "la"), {"model": "m"}, "cannot estimate 'sing'"),
        (("ask", "la"), {}, "ask takes a frame"),
        (("chat", pd.DataFrame({"a": [1]})), {}, "chat does not take a frame"),
        (("rerank", "q", ["d"]), {}, "takes one input"),
        (("chat", "la"), {"client": "http://x"}, "client is a str"),
        (("chat", ["la", "lo"]), {}, "one text or messages, .* not str"),
        (("respond", pd.Series(["la"])), {}, "one text or messages, .* not str"),
        (("chat", None), {}, "not NoneType"),
        (("chat", "la"), {"model": []}, "there is no model to compare"),
    ],
)
def test_refusals(arguments: tuple[Any, ...], options: dict[str, Any], words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)
        with pytest.raises(BadInput, match=words):
            nx.estimate(*arguments, **options)


ONE = pd.DataFrame({"text": ["a"], "path": ["a.wav"]})
NOBODY: dict[str, Any] = {"model": "nobody", "cache": False, "dry_run": True}


@pytest.mark.parametrize(
    "asked",
    [
        lambda: nx.estimate("chat", "la", model="nobody"),
        lambda: nx.estimate("chat", "la", model=["nobody", "none"]),
        lambda: nx.estimate("embed", ONE, column="text", model="nobody"),
        lambda: nx.embed(ONE, "text", **NOBODY),
        lambda: nx.embed(pl.LazyFrame({"text": ["a"]}), "text", **NOBODY),
        lambda: nx.rerank(ONE, "q", **NOBODY),
        lambda: nx.ask(ONE, "{text}", **NOBODY),
        lambda: nx.moderate(ONE, "text", **NOBODY),
        lambda: nx.transcribe(ONE, "path", **NOBODY),
        lambda: ONE["text"].nx.embed(**NOBODY),
        lambda: ONE.nx.embed("text", **NOBODY),
        lambda: estimate("chat", "la", model="nobody"),
    ],
)
def test_an_unknown_price_points_at_the_line_that_asked(asked: Callable[[], Any]) -> None:
    with pytest.warns(UnknownPriceWarning) as caught:
        asked()
    lines = {(one.filename, one.lineno) for one in caught}
    assert lines == {(__file__, asked.__code__.co_firstlineno)}


@pytest.mark.parametrize("options", [{"catalog": MINE}, {"at": date(2026, 11, 1)}])
def test_a_frame_has_the_prices_of_its_gateway(
    client: Client, server: MockServer, options: dict[str, Any]
) -> None:
    with pytest.raises(BadInput, match="a frame is priced") as caught:
        nx.estimate("embed", FRAMES[0], column="text", client=client, **options)
    assert "catalog" in str(caught.value.hint)
    nx.estimate("chat", "hello", model=["gpt-4o"], client=client, **options)
    assert server.seen == server.looked == []


def test_models_without_room_or_limit_do_not_shorten_the_answers() -> None:
    prompt = "hello " * 200
    made = nx.estimate("chat", prompt, model=["small", "roomy", "bare"], catalog=MINE)
    outputs = {row.model: row.output_tokens for row in made}
    assert outputs == {"small": (0, 0), "roomy": (0, 500), "bare": (0, 500)}
    assert "context of 100" in next(row.assumption for row in made if row.model == "small")
    alone = nx.estimate("chat", prompt, model=["bare", "small"], catalog=MINE)
    assert [(row.model, bool(row.floor)) for row in alone] == [("small", False), ("bare", True)]
