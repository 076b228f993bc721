from __future__ import annotations

from typing import Any

import pytest

from nexhina_nb import errors
from nexhina_nb.client import core
from nexhina_nb.client.exchange import Failure, Flow, Request, Response
from tests.client.flows import answer, drive, fault, lost, session


def models(*rows: tuple[str, int | None]) -> Response:
    data = [{"id": name, "context_length": length} for name, length in rows]
    return answer({"object": "list", "data": data})


def failing(flow: Flow[Any], *outcomes: Response | Failure) -> errors.APIError:
    with pytest.raises(errors.APIError) as caught:
        drive(flow, *outcomes)
    assert caught.value.hint is not None
    return caught.value


def test_an_unknown_model_names_the_nearest() -> None:
    asked = core.chat(session(), "hi", model="GPT-4o")
    offered = models(("gpt-4o", None), ("local/chat", None))
    error = failing(asked, fault(404, "model_not_found"), offered)
    assert isinstance(error, errors.ModelNotFound)
    assert error.hint == "only the case differs: it is called 'gpt-4o'"


def test_new_apis_unknown_model_has_status_503() -> None:
    asked = core.chat(session(), "hi", model="GPT-4o")
    error = failing(asked, fault(503, "model_not_found"), models(("gpt-4o", None)))
    assert "only the case" in str(error)


def test_a_model_that_the_key_may_not_use() -> None:
    asked = core.chat(session(), "hi", model="gpt-4o")
    error = failing(asked, fault(403, "model_not_allowed"), models(("local/chat", None)))
    assert "local/chat" in str(error)


@pytest.mark.parametrize(
    "useless", [lost(sent=False), fault(500), answer(b"<html>"), answer({"data": 3})]
)
def test_an_explanation_that_fails_changes_nothing(useless: Response | Failure) -> None:
    asked = core.chat(session(), "hi", model="GPT-4o")
    error = failing(asked, fault(404, "model_not_found"), useless)
    assert "%nexhina models" in str(error)


def test_too_long_counts_exactly_and_names_what_fits() -> None:
    asked = core.chat(session(), "word " * 100, model="gpt-4", max_tokens=50)
    offered = models(("gpt-4", 120), ("tiny", 100), ("big", 200_000), ("middle", 1000), ("x", None))
    error = failing(asked, fault(400, "context_length_exceeded"), offered)
    # 100 words and a space are 101 tokens of cl100k_base, the role is 1, plus 3 a message and 3
    assert "108 tokens were sent" in str(error)
    assert "gpt-4 takes 120" in str(error)
    assert "middle (1,000), big (200,000)" in str(error)
    assert "tiny" not in str(error)


def test_too_long_names_models_of_the_same_kind() -> None:
    def model(name: str, length: int, *kinds: str) -> dict[str, Any]:
        return {"id": name, "context_length": length, "supported_endpoint_types": list(kinds)}

    rows = [model("small", 5, "embeddings"), model("chat", 900, "openai"), model("any", 700)]
    rows.append(model("large", 800, "embeddings", "openai"))
    asked = core.embed(session(), "word " * 20, model="small")
    error = failing(asked, fault(400, "context_length_exceeded"), answer({"data": rows}))
    assert "more room: any (700), large (800)" in str(error)


def test_too_long_texts_of_embed() -> None:
    asked = core.embed(session(), ["a", "word " * 20], model="text-embedding-3-small")
    message = "maximum context length is 8192 tokens"
    error = failing(asked, fault(400, "context_length_exceeded", message), lost(sent=False))
    assert "21 tokens were sent" in str(error)
    assert "takes 8,192" in str(error)


def test_keys_quota_and_rate() -> None:
    assert "login" in str(failing(core.models(session()), fault(401, "invalid_api_key")))
    left = {"total_granted": 9, "total_used": 4, "total_available": 5}
    poor = fault(403, "insufficient_user_quota")
    error = failing(core.chat(session(), "hi"), poor, answer({"code": True, "data": left}))
    assert "$0.00001 left" in str(error)
    for useless in (answer({"data": "x"}), answer([]), lost(sent=True)):
        assert "redeem" in str(failing(core.chat(session(), "hi"), poor, useless))
    busy = fault(429, "rate_limit_exceeded", retry_after="600")
    assert "come back in 10 min" in str(failing(core.chat(session(), "hi"), busy))


def test_other_servers_keep_no_accounts() -> None:
    for flow in (core.usage(session()), core.logs(session())):
        assert "Nexhina and New API" in str(failing(flow, fault(404, "unknown_url")))


def test_questions_are_asked_once_and_with_little_patience() -> None:
    flow = core.chat(session(), "hi", model="GPT-4o")
    flow.send(None)
    question = flow.send(fault(404, "model_not_found"))
    assert isinstance(question, Request)
    assert (question.method, question.path, question.patience) == ("GET", "/models", 5.0)
