"""A thousand random calls of every verb: what the estimate says is what the gateway bills.

The models are other names of the built-in engines, so that each can have a price of its own; the
engines count as `pricing.tokens` does. The prices are those of the gateway's own page.
"""

from __future__ import annotations

import io
import json
import random
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from nexhina_nb.client import Client, price_page
from nexhina_nb.client.prices import prices_of
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import quota
from nexhina_nb.pricing.estimate import Estimate, estimate
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store import accounts
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.db import open_store
from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.prices import set_price
from nexhina_nb.store.tables import entries, logs
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway, run_gateway

CALLS = {
    "chat": 330, "respond": 150, "embed": 160, "rerank": 110, "moderate": 90, "image": 40,
    "speak": 40, "transcribe": 25, "translate": 15, "video": 40,
}  # fmt: skip
ENGINES = {"respond": "chat", "translate": "transcribe"}
# Ratios with digits that no binary fraction has, one that is free, one that is dear.
GROUPS = {"default": "1", "odd": "0.837", "third": "0.333333333333", "dear": "7.77", "gift": "0"}
LONG = Price.per_million("0.7", "2.9", "0.3")
PER_TOKEN = {
    "plain": Price.per_million("0.15", "0.6", "0.075"),
    "thirds": Price.per_million("0.3", "2.5", "0.075", cache_write="0.31", image="0.9"),
    "dear": Price.per_million("37.123457", "149.99", "9.1"),
    "cheap": Price.per_million("0.0001", "0.0007"),
    "free": Price.per_million(0),
    "cliffs": Price.per_million("0.2", "1.1", above=((25, Price.per_million(9, 11)), (60, LONG))),
    "fixed": Price.per_call_usd("0.0012347"),
}
PER_PIECE = {
    "plain": Price.per_call_usd("0.0000013"),
    "dear": Price.per_call_usd("1.234567"),
    "free": Price.per_call_usd(0),
}
PER_PICTURE = PER_PIECE | {"metered": Price.per_million("5.1", "41.3")}
PER_LENGTH = {
    "characters": Price.per_million("14.9", audio_output=0, unit="character"),
    "fixed": Price.per_call_usd("0.003"),
}
PRICES = {
    **dict.fromkeys(("chat", "embed", "rerank", "moderate"), PER_TOKEN),
    "image": PER_PICTURE,
    "video": PER_PIECE,
    "speak": PER_LENGTH | {"gpt": Price.per_million("0.6", "12.1")},
    "transcribe": PER_LENGTH,
}
WORDS = (
    "hello", "What is 15 % of 80?", "naïve", "東京", "🎈🎈", "def f(x):\n    return x", "  ",
    "\t\n", "<|endoftext|>", "supercalifragilistic", "a", "2 + 2 =", "Größe", "مرحبا", "e\u0301",
)  # fmt: skip
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
    },
}
COUNTED = ("chat", "respond", "embed", "rerank", "moderate", "transcribe", "translate")
FUNCTION = {"name": "weather", "arguments": '{"place": "Größe"}'}
USED_TOOL = [
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": FUNCTION}
    ]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"sky": "clear"}'},
]  # fmt: skip
_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
    "gg=="
)
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PNG}"}}
SIZES = ("64x64", "96x64", "64x80")


@dataclass
class Call:
    """One call: what it is estimated by, and how it is made."""

    verb: Any
    model: str
    inputs: Any
    options: dict[str, Any] = field(default_factory=dict)
    make: Callable[[Client], Any] = lambda client: None


def text(dice: random.Random, most: int = 12) -> str:
    found = " ".join(dice.choices(WORDS, k=dice.randint(1, most)))
    return found if found.strip() else f"{found}?"


def model_of(verb: str, dice: random.Random) -> str:
    engine = ENGINES.get(verb, verb)
    return f"{engine}-{dice.choice(list(PRICES[engine]))}"


def messages(dice: random.Random) -> list[dict[str, Any]]:
    turns = [
        {"role": role, "content": text(dice)} for role in ("user", "assistant") * dice.randint(0, 2)
    ]
    rules = [{"role": "system", "content": text(dice)}] if dice.random() < 0.4 else []
    if dice.random() < 0.2:
        turns += [{"role": "user", "content": text(dice)}, *USED_TOOL]
    named = {"name": "ada"} if dice.random() < 0.2 else {}
    content: Any = text(dice)
    if dice.random() < 0.2:
        content = [{"type": "text", "text": content}, PICTURE]
    return [*rules, *turns, {"role": "user", "content": content, **named}]


def chat(dice: random.Random, model: str) -> Call:
    prompt: Any = text(dice) if dice.random() < 0.4 else messages(dice)
    options: dict[str, Any] = {"max_tokens": dice.randint(1, 60)}
    if dice.random() < 0.2:
        options["n"] = dice.randint(2, 3)
    if dice.random() < 0.2:
        options["tools"] = [TOOL]
    stream = dice.random() < 0.2

    def make(client: Client) -> Any:
        if not stream:
            return client.chat(prompt, model=model, **options)
        with client.chat(prompt, model=model, stream=True, **options) as opened:
            return [*opened] and opened.reply

    return Call("chat", model, prompt, options, make)


def respond(dice: random.Random, model: str) -> Call:
    prompt: Any = text(dice)
    if dice.random() < 0.5:
        roles = [*("user", "assistant") * dice.randint(0, 2), "user"]
        prompt = [{"role": role, "content": text(dice)} for role in roles]
    options = {"max_tokens": dice.randint(16, 60)}
    make = lambda client: client.respond(prompt, model=model, **options)  # noqa: E731
    return Call("respond", model, prompt, options, make)


def embed(dice: random.Random, model: str) -> Call:
    texts = [text(dice) for _ in range(dice.randint(1, 5))]
    return Call("embed", model, texts, {}, lambda client: client.embed(texts, model=model))


def moderate(dice: random.Random, model: str) -> Call:
    texts = [text(dice) for _ in range(dice.randint(1, 4))]
    inputs: Any = texts
    if dice.random() < 0.3:  # judged together
        inputs = [*({"type": "text", "text": one} for one in texts), PICTURE]
    return Call("moderate", model, inputs, {}, lambda client: client.moderate(inputs, model=model))


def rerank(dice: random.Random, model: str) -> Call:
    query = text(dice, 3)
    texts: list[Any] = [text(dice) for _ in range(dice.randint(1, 6))]
    if dice.random() < 0.3:
        texts += [{"text": text(dice), "page": 7}]
    make = lambda client: client.rerank(query, texts, model=model)  # noqa: E731
    return Call("rerank", model, query, {"documents": texts}, make)


def image(dice: random.Random, model: str) -> Call:
    prompt, options = text(dice, 3), {"size": dice.choice(SIZES), "n": dice.randint(1, 3)}
    options |= {"quality": "hd"} if dice.random() < 0.3 else {}
    make = lambda client: client.image(prompt, model=model, **options)  # noqa: E731
    return Call("image", model, prompt, options, make)


def speak(dice: random.Random, model: str) -> Call:
    said = " ".join(dice.choices(("hello", "one two", "a cat"), k=dice.randint(1, 3)))
    how = {"format": dice.choice(("mp3", "wav", "pcm")), "speed": dice.choice((None, 1.5))}

    def make(client: Client) -> Any:
        if model != "speak-gpt":
            return client.speak(said, model=model, **how)
        # Its price depends on the length of the sound, which only the end of a stream tells.
        with client.speak(said, model=model, stream=True, **how) as opened:
            return [*opened] and opened.reply

    return Call("speak", model, said, {}, make)


def hear(verb: str) -> Callable[[random.Random, str], Call]:
    def call(dice: random.Random, model: str) -> Call:
        seconds = dice.choice((0.25, 0.999, 1, 1.001, 1.6))
        sound, form = recording(seconds), dice.choice((None, "text", "srt", "json"))

        def make(client: Client) -> Any:
            return getattr(client, verb)(sound, model=model, format=form)

        return Call(verb, model, "", {"seconds": seconds}, make)

    return call


def video(dice: random.Random, model: str) -> Call:
    prompt = text(dice, 2)
    options = {"seconds": dice.choice((1, 2)), "size": "64x64"}
    make = lambda client: client.video(prompt, model=model, **options)  # noqa: E731
    return Call("video", model, prompt, options, make)


MAKERS: dict[str, Callable[[random.Random, str], Call]] = {
    "chat": chat, "respond": respond, "embed": embed, "rerank": rerank, "moderate": moderate,
    "image": image, "speak": speak, "transcribe": hear("transcribe"),
    "translate": hear("translate"), "video": video,
}  # fmt: skip


def recording(seconds: float) -> bytes:
    """Soft noise, as a WAV file."""
    noise = np.random.default_rng(7).integers(-90, 90, int(seconds * 16_000), dtype=np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(noise.tobytes())
    return file.getvalue()


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with these models, prices and groups."""
    folder = tmp_path_factory.mktemp("priced")
    store = open_store(f"sqlite:///{folder / 'nexhina.db'}")
    with store.writing() as connection:
        mapping = {f"{e}-{p}": f"local/{e}" for e, prices in PRICES.items() for p in prices}
        add_channel(
            connection,
            Channel("aliases", "local", tuple(mapping), mapping=mapping, groups=tuple(GROUPS)),
        )
        for group, ratio in GROUPS.items():
            set_group(connection, Group(group, ratio=Decimal(ratio), selectable=True))
        for engine, prices in PRICES.items():
            for name, price in prices.items():
                row = json.dumps(to_pricing_row(f"{engine}-{name}", price))
                set_price(connection, f"{engine}-{name}", row, since=1)
    store.close()
    with run_gateway(folder) as running:
        yield running


def key_in(gateway: RunningGateway, group: str) -> str:
    with gateway.store.writing() as connection:
        user = accounts.create_user(connection, f"user of {group}", quota=10**9)
        return accounts.create_token(connection, user, "k", group=group)[1].reveal()


def prices_told_to(client: Client) -> Catalog:
    for _ in range(20):
        found = prices_of(client)
        if found.price("chat-plain") is not None:
            return found
        price_page.kept(client._session.target).until = 0.0  # a busy machine was not waited for
    raise AssertionError("the gateway does not tell its prices")


def disagreements(made: Estimate, reply: Any, row: Any, ratio: Decimal) -> list[str]:
    """What of an estimate, the reply and the row of the log is not the same."""
    assert made.price is not None
    assert made.quota is not None
    assert reply.cost.source == "gateway"
    wrong = [] if reply.cost.quota == row.quota else [f"the reply says {reply.cost.quota}"]
    if made.verb in COUNTED and row.prompt_tokens != made.input_tokens:
        wrong.append(f"input tokens {made.input_tokens}")
    if made.floor:
        return wrong if row.quota >= made.quota[0] else [*wrong, f"not a floor: {made.quota}"]
    if not made.quota[0] <= row.quota <= made.quota[1]:
        wrong.append(f"estimated {made.quota}")
    if made.verb not in ("chat", "respond"):
        return wrong if made.quota[0] == made.quota[1] else [*wrong, "the estimate is a range"]
    used = Tokens.from_usage(reply.usage.dump())
    if (used.prompt, used.completion) != (row.prompt_tokens, row.completion_tokens):
        wrong.append(f"the reply used {used}")
    if row.quota != (formula := quota(made.price, used, ratio)):
        wrong.append(f"the formula says {formula}")
    if used.completion > made.output_tokens[1]:
        wrong.append(f"output {made.output_tokens}")
    return wrong


def test_a_thousand_calls(priced: RunningGateway) -> None:
    dice = random.Random(20_261_123)
    verbs = [verb for verb, count in CALLS.items() for _ in range(count)]
    assert len(verbs) == 1000
    dice.shuffle(verbs)
    calls = [MAKERS[verb](dice, model_of(verb, dice)) for verb in verbs]
    groups = [dice.choice(list(GROUPS)) for _ in calls]
    clients = {group: Client(priced.base_url, key_in(priced, group)) for group in GROUPS}
    catalogs = {group: prices_told_to(client) for group, client in clients.items()}
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda group, call: call.make(clients[group]), groups, calls))
    with priced.store.reading() as connection:
        rows = {row.request_id: row for row in connection.execute(select(logs))}
    spent, wrong = Counter(dict.fromkeys(GROUPS, 0)), []
    for group, call, reply in zip(groups, calls, replies, strict=True):
        catalog, row = catalogs[group], rows[reply.request_id]
        made = estimate(call.verb, call.inputs, model=call.model, catalog=catalog, **call.options)
        for words in disagreements(made, reply, row, catalog.ratio(call.model)):
            wrong.append(f"{words}, billed {row.quota} in {group}: {call}")
        spent[group] += reply.cost.quota
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:10])
    assert [group for group, quota in spent.items() if not quota] == ["gift"]
    for group, client in clients.items():
        assert client.usage().used == spent[group], group
        client.close()
    with priced.store.reading() as connection:
        charged = select(-func.sum(entries.c.amount)).where(entries.c.kind == "charge")
        assert connection.scalar(charged) == sum(spent.values())
        assert verify(connection) == []
