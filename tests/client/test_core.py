from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from nexhina_nb import errors
from nexhina_nb.client import core
from nexhina_nb.client.exchange import Flow, Request, Response, Sleep
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.settings import Settings
from tests.client.flows import answer, drive, fault, session
from tests.client.mock_server import chat_body


def sent(steps: Sequence[Request | Sleep], place: int = 0) -> dict[str, Any]:
    step = [step for step in steps if isinstance(step, Request)][place]
    assert step.body is not None
    body: dict[str, Any] = json.loads(step.body)
    return body


def asked(flow: Flow[Any], reply: Any = None) -> dict[str, Any]:
    _, steps = drive(flow, answer(chat_body() if reply is None else reply))
    return sent(steps)


def vectors(count: int, *, as_base64: bool = True, **headers: str) -> Response:
    rows = [[float(i), 1.0] for i in range(count)]
    data = [
        {
            "index": i,
            "embedding": base64.b64encode(struct.pack("<2f", *row)).decode() if as_base64 else row,
        }
        for i, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return answer({"data": data, "model": "m", "usage": usage}, **headers)


def test_a_plain_chat() -> None:
    reply, steps = drive(core.chat(session(), "hi"), answer(chat_body("Hello")))
    assert isinstance(reply, ChatReply)
    assert reply.text == "Hello"
    assert sent(steps) == {
        "model": "local/chat",
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_every_argument_of_chat() -> None:
    class Answer(BaseModel):
        n: int

    def tool(x: int) -> int:
        """Tool."""
        return x

    body = asked(
        core.chat(
            session(),
            "hi",
            model="m",
            system="s",
            lang="fr",
            temperature=0.0,
            max_tokens=5,
            stop=("a", "b"),
            n=2,
            seed=7,
            schema=Answer,
            images=["https://x/y"],
            tools=[tool],
            tool_choice="auto",
            top_p=0.5,
        )
    )
    assert body["messages"][0] == {"role": "system", "content": "s\n\nAnswer in French."}
    assert body["messages"][1]["content"][1]["image_url"] == {"url": "https://x/y"}
    plain = {k: body[k] for k in ("model", "temperature", "max_tokens", "stop", "n", "seed")}
    assert plain == {
        "model": "m", "temperature": 0.0, "max_tokens": 5, "stop": ["a", "b"], "n": 2, "seed": 7
    }  # fmt: skip
    assert body["response_format"]["json_schema"]["name"] == "Answer"
    assert body["tools"][0]["function"]["name"] == "tool"
    assert (body["tool_choice"], body["top_p"]) == ("auto", 0.5)


def test_settings_give_the_defaults() -> None:
    state = session(settings=Settings(model="m", lang="ja", embed_model="e", rerank_model="r"))
    body = asked(core.chat(state, "hi"))
    assert (body["model"], body["messages"][0]["content"]) == ("m", "Answer in Japanese.")
    _, steps = drive(core.embed(state, "x"), vectors(1))
    assert sent(steps)["model"] == "e"
    assert asked(core.rerank(state, "q", ["d"]), {"results": []})["model"] == "r"


def test_a_stream_asks_for_usage_and_comes_open() -> None:
    response = Response(200, {"content-type": "text/event-stream"}, source="the socket")
    opened, steps = drive(core.chat(session(), "hi", stream=True), response)
    assert isinstance(opened, OpenStream)
    assert opened.source == "the socket"
    assert (sent(steps)["stream"], sent(steps)["stream_options"]) == (True, {"include_usage": True})
    assert isinstance(steps[0], Request)
    assert steps[0].stream


@pytest.mark.parametrize(
    "flow",
    [
        core.chat(session(), ""),
        core.chat(session(), "hi", temperature=9),
        core.chat(session(), "hi", max_token=9),
        core.chat(session(), "hi", tools=3),
        core.chat(session(), "hi", stop=3),  # type: ignore[arg-type]
        core.chat(session(), "hi", lang=3),  # type: ignore[arg-type]
        core.chat(session(), "hi", system=3),  # type: ignore[arg-type]
        core.chat(session(), "hi", model=3),  # type: ignore[arg-type]
        core.chat(session(), "hi", images=3),
        core.chat(session(), "hi", schema=3),
        core.chat(session(), "\ud800"),
        core.embed(session(), "\ud800"),
        core.embed(session(), []),
        core.embed(session(), ["a", None]),  # type: ignore[list-item]
        core.embed(session(), "a", dimensions=0),
        core.rerank(session(), "", ["a"]),
        core.rerank(session(), "q", []),
        core.rerank(session(), "q", ["a"], top_n=0),
        core.rerank(session(), None, ["a"]),  # type: ignore[arg-type]
    ],
)
def test_bad_input_sends_nothing(flow: Flow[Any]) -> None:
    with pytest.raises(errors.BadInput):
        drive(flow)


def test_embed_one_text_and_many() -> None:
    one, steps = drive(core.embed(session(), "x", dimensions=2), vectors(1))
    assert one.shape == (1, 2)
    assert sent(steps) == {
        "model": "local/embed", "input": ["x"], "dimensions": 2, "encoding_format": "base64"
    }  # fmt: skip
    many, _ = drive(core.embed(session(), (t for t in "abc")), vectors(3))
    assert many[:, 0].tolist() == [0, 1, 2]


def test_embed_splits_and_joins_in_order() -> None:
    texts = [f"t{i}" for i in range(2050)]
    both = vectors(2048, x_nexhina_quota="2048"), vectors(2, x_nexhina_quota="2")
    joined, steps = drive(core.embed(session(), texts), *both)
    assert joined.shape == (2050, 2)
    assert joined[2047:, 0].tolist() == [2047, 0, 1]
    assert sent(steps, 1)["input"] == ["t2048", "t2049"]
    assert joined.usage is not None
    assert joined.cost is not None
    assert joined.usage.prompt_tokens == joined.cost.quota == 2050


@pytest.mark.parametrize(
    "refusal",
    [
        fault(400, "invalid_value", "encoding_format must be float"),
        fault(422, None, "Base64 is not supported"),
    ],
)
def test_refused_base64_is_asked_as_float_from_then_on(refusal: Response) -> None:
    state = session()
    first, steps = drive(core.embed(state, "x"), refusal, vectors(1, as_base64=False))
    assert np.array_equal(first, [[0.0, 1.0]])
    assert [sent(steps, i)["encoding_format"] for i in (0, 1)] == ["base64", "float"]
    _, steps = drive(core.embed(state, "x"), vectors(1, as_base64=False))
    assert sent(steps)["encoding_format"] == "float"


def test_other_refusals_are_errors() -> None:
    with pytest.raises(errors.BadRequest, match="too many"):
        drive(core.embed(session(), "x"), fault(400, "invalid_value", "too many"))
    state = session(vectors_as="float")
    with pytest.raises(errors.BadRequest):
        drive(core.embed(state, "x"), fault(400, None, "encoding_format"))


def test_rerank() -> None:
    results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    flow = core.rerank(session(), "q", ["a", {"text": "b"}], top_n=5, return_documents=True)
    reply, steps = drive(flow, answer({"results": results, "model": "m"}))
    assert reply.documents == [{"text": "b"}, "a"]
    assert sent(steps) == {
        "model": "local/rerank",
        "query": "q",
        "documents": ["a", {"text": "b"}],
        "top_n": 5,
        "return_documents": True,
    }


def test_models_are_read_leniently() -> None:
    body = {
        "data": [
            {"id": "a"},
            {"id": "b", "context_length": "x", "supported_endpoint_types": 3, "pricing": [1]},
            3,
            {"name": "c"},
            {"id": ""},
        ]
    }
    reply, _ = drive(core.models(session()), answer(body, x_oneapi_request_id="r1"))
    assert reply.ids == ["a", "b"]
    assert reply.request_id == "r1"
    reply.rows()
    assert drive(core.models(session(), "B"), answer(body))[0].ids == ["b"]
    with pytest.raises(errors.Upstream, match="no list of models"):
        drive(core.models(session()), answer({}))


def test_usage_and_logs() -> None:
    data = {"name": "k", "total_granted": 3, "total_used": 1, "total_available": 2}
    usage, steps = drive(core.usage(session()), answer({"code": True, "data": data}))
    assert (usage.name, usage.available) == ("k", 2)
    assert isinstance(steps[0], Request)
    assert steps[0].url == "http://gateway.example/api/usage/token/"
    rows = [{"model_name": "m", "quota": 3}, "junk"]
    found, _ = drive(core.logs(session()), answer({"success": True, "data": rows}))
    assert found == rows[:1]
    with pytest.raises(errors.Upstream, match="no list of log rows"):
        drive(core.logs(session()), answer({"success": True, "data": None}))
    with pytest.raises(errors.APIError, match="too often"):
        drive(core.logs(session()), answer({"success": False, "message": "too often"}))
