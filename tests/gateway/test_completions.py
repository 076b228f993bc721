"""Legacy completions: carried by chat for the built-in engine and for servers without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing import tokens
from nexhina_nb.store.logs import newest_of_token
from tests.conftest import RunningGateway
from tests.gateway.scripted import Script, ScriptedServer, frames

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

MODEL, PROMPT = "local/chat", "What is 12 * 12?"
CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"


@pytest.fixture(scope="module")
def sdk(shared_gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=shared_gateway.base_url, api_key=shared_gateway.key, max_retries=0
    ) as client:
        yield client


def complete(sdk: openai.OpenAI, **fields: Any) -> Any:
    return sdk.completions.create(**{"model": MODEL, "prompt": PROMPT} | fields)


def streamed(chunks: Any) -> tuple[dict[int, str], Any]:
    texts: dict[int, str] = {}
    chunk = None
    for chunk in chunks:
        assert chunk.object == "text_completion"
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    return texts, chunk


def test_a_completion(sdk: openai.OpenAI) -> None:
    reply = complete(sdk)
    assert (reply.object, reply.model) == ("text_completion", MODEL)
    assert reply.id.startswith("cmpl-")
    (choice,) = reply.choices
    assert "144" in choice.text
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_stream_says_the_same(sdk: openai.OpenAI) -> None:
    plain = complete(sdk)
    texts, last = streamed(complete(sdk, stream=True))
    assert texts == {0: plain.choices[0].text}
    assert last.usage is None
    texts, last = streamed(complete(sdk, stream=True, stream_options={"include_usage": True}))
    assert texts == {0: plain.choices[0].text}
    assert (last.choices, last.usage) == ([], plain.usage)


def test_sixteen_tokens_where_no_limit_is_named(sdk: openai.OpenAI) -> None:
    long = "Repeat exactly: " + "one two three four five " * 8
    for limit, length in ((None, 16), (3, 3), (20, 20)):
        fields = {} if limit is None else {"max_tokens": limit}
        reply = complete(sdk, prompt=long, **fields)
        assert (reply.choices[0].finish_reason, reply.usage.completion_tokens) == ("length", length)


def test_no_limit_said_in_so_many_words(shared_gateway: RunningGateway) -> None:
    body = {"model": MODEL, "prompt": "Repeat exactly: " + "one two " * 20, "max_tokens": None}
    headers = {"authorization": f"Bearer {shared_gateway.key}"}
    reply = httpx2.post(f"{shared_gateway.base_url}/completions", json=body, headers=headers)
    assert reply.json()["usage"]["completion_tokens"] == 16


def test_token_ids(sdk: openai.OpenAI) -> None:
    ids = tokens.encode(PROMPT)
    assert complete(sdk, prompt=ids).choices[0].text == complete(sdk).choices[0].text
    for alone in ([PROMPT], [ids]):
        assert complete(sdk, prompt=alone).choices == complete(sdk).choices
    rows = complete(sdk, prompt=[ids, tokens.encode("What is 3 + 4?")])
    assert ["144" in rows.choices[0].text, "7" in rows.choices[1].text] == [True, True]


def test_several_prompts_and_several_choices(sdk: openai.OpenAI) -> None:
    prompts, n = [PROMPT, "What is 3 + 4?", "What is 5 + 6?"], 2
    alone = [complete(sdk, prompt=prompt, n=n) for prompt in prompts]
    together = complete(sdk, prompt=prompts, n=n)
    assert [choice.index for choice in together.choices] == list(range(6))
    texts = [choice.text for reply in alone for choice in reply.choices]
    assert [choice.text for choice in together.choices] == texts
    assert together.usage.total_tokens == sum(reply.usage.total_tokens for reply in alone)
    told, last = streamed(
        complete(sdk, prompt=prompts, n=n, stream=True, stream_options={"include_usage": True})
    )
    assert [told[index] for index in range(6)] == texts
    assert last.usage == together.usage


def test_echo(sdk: openai.OpenAI) -> None:
    plain = complete(sdk).choices[0].text
    assert complete(sdk, echo=True).choices[0].text == PROMPT + plain
    texts, _ = streamed(complete(sdk, echo=True, n=2, stream=True))
    assert texts[0] == PROMPT + plain
    assert texts[1].startswith(PROMPT)


def test_a_stop(sdk: openai.OpenAI) -> None:
    reply = complete(sdk, prompt="Repeat exactly: one two three", stop=[" two"])
    assert (reply.choices[0].text, reply.choices[0].finish_reason) == ("one", "stop")


@pytest.mark.parametrize("many", [0, 3])
def test_log_probabilities_in_their_old_form(sdk: openai.OpenAI, many: int) -> None:
    (choice,) = complete(sdk, logprobs=many).choices
    told = choice.logprobs
    assert "".join(told.tokens) == choice.text
    assert len(told.tokens) == len(told.token_logprobs) == len(told.top_logprobs)
    assert all(value <= 0 for value in told.token_logprobs)
    assert {len(row) for row in told.top_logprobs} == {many}
    for token, offset in zip(told.tokens, told.text_offset, strict=True):
        assert choice.text[offset:].startswith(token)
    offsets: list[int] = []
    for chunk in complete(sdk, logprobs=many, stream=True):
        offsets += chunk.choices[0].logprobs.text_offset if chunk.choices else []
    assert offsets == told.text_offset


def test_the_best_of_several_is_paid_for(sdk: openai.OpenAI) -> None:
    one, best = complete(sdk, n=1), complete(sdk, n=1, best_of=4)
    assert len(best.choices) == 1
    assert best.choices[0].index == 0
    assert best.usage.completion_tokens > 2 * one.usage.completion_tokens
    every = complete(sdk, n=4, logprobs=0).choices

    def mean(choice: Any) -> float:
        found = choice.logprobs.token_logprobs
        return float(sum(found) / len(found))

    assert best.choices[0].text == max(every, key=mean).text


BAD = [
    ({"prompt": None}, "missing_required_parameter", "prompt"),
    ({"prompt": 3}, "invalid_type", "prompt"),
    ({"prompt": []}, "invalid_value", "prompt"),
    ({"prompt": [[]]}, "invalid_value", "prompt.0"),
    ({"prompt": [1, "a"]}, "invalid_type", "prompt.1"),
    ({"prompt": [2_000_000_000]}, "invalid_value", "prompt"),
    ({"prompt": ["a"] * 2_049}, "invalid_value", "prompt"),
    ({"model": None}, "missing_required_parameter", "model"),
    ({"max_tokens": -1}, "invalid_value", "max_tokens"),
    ({"n": 0}, "invalid_value", "n"),
    ({"n": 129}, "invalid_value", "n"),
    ({"best_of": 21}, "invalid_value", "best_of"),
    ({"best_of": 1, "n": 2}, "invalid_value", "best_of"),
    ({"best_of": 2, "stream": True}, "invalid_value", "best_of"),
    ({"logprobs": 6}, "invalid_value", "logprobs"),
    ({"logprobs": True}, "invalid_type", "logprobs"),
    ({"logprobs": 1, "echo": True}, "invalid_value", "echo"),
    ({"suffix": "end"}, "invalid_value", "suffix"),
    ({"temperature": 3}, "invalid_value", "temperature"),
    ({"stop": ["a"] * 5}, "invalid_value", "stop"),
    ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
]


@pytest.fixture(scope="module")
def fresh_key(shared_gateway: RunningGateway) -> str:
    return shared_gateway.new_key()


@pytest.mark.parametrize(("change", "code", "param"), BAD)
def test_bad_input(
    shared_gateway: RunningGateway, fresh_key: str, change: Any, code: str, param: str
) -> None:
    body = {"model": MODEL, "prompt": PROMPT} | change
    headers = {"authorization": f"Bearer {fresh_key}"}
    told = {name: value for name, value in body.items() if value is not None}
    reply = httpx2.post(f"{shared_gateway.base_url}/completions", headers=headers, json=told)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, code, param), error
    root = shared_gateway.base_url.removesuffix("/v1")
    usage = httpx2.get(f"{root}/api/usage/token", headers=headers).json()["data"]
    assert usage["total_used"] == 0


def serve(gateway: RunningGateway, script: dict[str, Any]) -> ScriptedServer:
    server = ScriptedServer(script)
    server.serve(gateway, "gpt-4o")
    return server


def ask(gateway: RunningGateway, **fields: Any) -> httpx2.Response:
    return httpx2.post(
        f"{gateway.base_url}/completions",
        headers={"authorization": f"Bearer {gateway.key}"},
        json={"model": "gpt-4o", "prompt": "hi"} | fields,
    )


def test_a_channel_that_knows_them_is_asked_as_it_stands(gateway: RunningGateway) -> None:
    choice = {"text": "so", "index": 0, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    reply = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "gpt-4o"}
    script = {COMPLETIONS: Script(reply | {"choices": [choice], "usage": usage})}
    body = {"prompt": ["a", "b"], "suffix": "x", "best_of": 3, "echo": True, "new": 1}
    with serve(gateway, script) as server:
        answer = ask(gateway, **body)
    assert server.asked[0].body == {"model": "gpt-4o", **body}
    assert answer.json()["choices"] == [choice]


def test_a_channel_that_cannot_stream(gateway: RunningGateway) -> None:
    choice = {"text": "so", "index": 0, "logprobs": None, "finish_reason": "stop"}
    reply = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "gpt-4o"}
    with serve(gateway, {COMPLETIONS: Script(reply | {"choices": [choice]})}):
        answer = ask(gateway, stream=True)
    first, *_ = answer.text.split("\n\n")
    assert json.loads(first.removeprefix("data: ")) == reply | {"choices": [choice]}
    assert answer.text.endswith("data: [DONE]\n\n")


def test_a_channel_without_them_is_asked_in_chat(gateway: RunningGateway) -> None:
    def chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
        choices = [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]
        return {"id": "c", "created": 1, "model": "gpt-4o", "choices": choices, **more}

    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    stream = frames(chunk("so"), chunk("", "stop"), {"choices": [], "usage": usage})
    with serve(gateway, {CHAT: Script(stream)}) as server:
        answer = ask(gateway, prompt=["a", "b"], stream=True, seed=3, frequency_penalty=1)
    assert [call.path for call in server.asked] == [COMPLETIONS, CHAT, CHAT]
    assert server.asked[1].body == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "a"}],
        "max_tokens": 16,
        "seed": 3,
        "frequency_penalty": 1,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert answer.text.rstrip().endswith("data: [DONE]")
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1, 1)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (6, 4)


def test_several_prompts_that_break_off_do_not_look_whole(gateway: RunningGateway) -> None:
    choices = [{"index": 0, "delta": {"content": "so"}, "finish_reason": None}]
    stream = frames({"id": "c", "created": 1, "model": "m", "choices": choices}, end="")
    with serve(gateway, {CHAT: Script(stream)}) as server:
        answer = ask(gateway, prompt=["a", "b"], stream=True)
    assert "[DONE]" not in answer.text
    assert '"error"' in answer.text
    assert len(server.asked) == 2


def test_an_error_inside_the_stream_of_one_of_several(gateway: RunningGateway) -> None:
    fault = {"error": {"message": "busy", "type": "server_error", "code": None, "param": None}}
    with serve(gateway, {CHAT: Script(frames(fault, end=""))}) as server:
        answer = ask(gateway, prompt=["a", "b"], stream=True)
    assert "busy" in answer.text
    assert "[DONE]" not in answer.text
    assert len(server.asked) == 2


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_refusal_of_a_later_prompt(gateway: RunningGateway, is_stream: bool) -> None:
    fault = {"error": {"message": "no more", "type": "t", "param": None, "code": "c"}}
    choice = {"index": 0, "message": {"content": "so"}, "finish_reason": "stop"}
    reply: Any = {"id": "c", "created": 1, "model": "m", "choices": [choice]}
    if is_stream:
        piece = {"index": 0, "delta": {"content": "so"}, "finish_reason": "stop"}
        reply = frames(reply | {"choices": [piece]})
    with serve(gateway, {CHAT: [Script(reply), Script(fault, 429)]}):
        answer = ask(gateway, prompt=["a", "b"], stream=is_stream)
    assert answer.status_code == (200 if is_stream else 502)
    assert "prompt 1: no more" in answer.text
    assert "[DONE]" not in answer.text


def test_the_first_refusal_is_the_answer(gateway: RunningGateway) -> None:
    fault = {"error": {"message": "no", "type": "t", "param": "messages", "code": "c"}}
    with serve(gateway, {CHAT: Script(fault, 400)}):
        answer = ask(gateway, prompt=["a", "b"])
    assert (answer.status_code, answer.json()) == (400, fault)


def test_embeddings_below_an_engine(shared_gateway: RunningGateway) -> None:
    def vector(path: str, **body: Any) -> Any:
        reply = httpx2.post(
            f"{shared_gateway.base_url}{path}",
            headers={"authorization": f"Bearer {shared_gateway.key}"},
            json={"input": "a cat", **body},
        )
        return reply.json()

    old = vector("/engines/local/embed/embeddings")
    assert old["data"] == vector("/embeddings", model="local/embed")["data"]
    assert vector("/engines/nope/embeddings")["error"]["code"] == "model_not_found"
