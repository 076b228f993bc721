"""The verb moderate and what it gives back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexhina_nb import errors
from nexhina_nb.client import ModerationReply, core
from nexhina_nb.client.exchange import Flow, Request
from nexhina_nb.wire.moderation import CATEGORIES
from tests.client.flows import answer, drive, session

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 8


def result(**scores: float) -> dict[str, Any]:
    all_scores = dict.fromkeys(CATEGORIES, 0.01) | scores
    applies = {name: score > 0.5 for name, score in all_scores.items()}
    return {
        "flagged": any(applies.values()), "categories": applies, "category_scores": all_scores
    }  # fmt: skip


def reply(*results: Any) -> dict[str, Any]:
    return {"id": "modr-1", "model": "judge", "results": list(results)}


def asked(flow: Flow[Any], *results: Any) -> tuple[ModerationReply, Any]:
    made, steps = drive(flow, answer(reply(*results), x_nexhina_quota="3"))
    (step,) = steps
    assert isinstance(step, Request)
    assert (step.path, step.repeatable) == ("/moderations", True)
    return made, json.loads(step.body or b"")


def test_verdicts_in_order() -> None:
    flow = core.moderate(session(), ["fine", "bad"])
    made, body = asked(flow, result(), result(hate=0.7, violence=0.9))
    assert body == {"model": "local/moderate", "input": ["fine", "bad"]}
    assert [row.flagged for row in made] == [False, True]
    assert made[1].categories == ("violence", "hate")
    assert (made[1].category, made[0].category, made[1].input) == ("violence", None, "bad")
    assert (made.flagged, made.categories) == (True, ("hate", "violence"))
    assert (len(made), made[1].scores["hate"], made[0:1]) == (2, 0.7, (made[0],))
    assert (made.cost.quota, made.model, made.usage) == (3, "judge", None)
    assert made.raw[0].results[1].categories.violence
    assert repr(made) == "<ModerationReply 2 inputs, 1 flagged>"


def test_the_table_and_the_frame() -> None:
    made, _ = asked(core.moderate(session(), "<b>$5</b>"), result(sexual=0.6))
    data, more = made._repr_mimebundle_()
    assert "<b>" not in data["text/html"]
    assert "$5" not in data["text/html"]
    assert "sexual" in data["text/plain"]
    assert more["nexhina"]["model"] == "judge"
    frame = made.frame()
    assert list(frame.columns) == ["input", "flagged", "category", *CATEGORIES]
    assert frame.loc[0, "category"] == "sexual"
    assert frame.loc[0, "sexual"] == 0.6


def test_pictures_are_judged_with_their_text() -> None:
    made, body = asked(core.moderate(session(), "look", images=[PNG]), result())
    text, picture = body["input"]
    assert text == {"type": "text", "text": "look"}
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert len(made) == 1
    _, body = asked(core.moderate(session(), images="https://x/y.png"), result())
    assert body["input"] == [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    _, body = asked(core.moderate(session(), [text, picture], model="m"), result())
    assert body == {"model": "m", "input": [text, picture]}


def test_many_texts_travel_in_several_requests() -> None:
    texts = [f"t{row}" for row in range(2049)]
    first = answer(reply(*[result()] * 2048), x_oneapi_request_id="r1")
    made, steps = drive(core.moderate(session(), texts), first, answer(reply(result(hate=1.0))))
    assert (len(made), len(steps), len(made.raw), made.request_id) == (2049, 2, 2, "r1")
    assert made[2048].input == "t2048"
    assert made[2048].flagged


@pytest.mark.parametrize(
    "flow",
    [
        core.moderate(session()),
        core.moderate(session(), ""),
        core.moderate(session(), ["a", None]),
        core.moderate(session(), ["a", "b"], images="https://x"),
        core.moderate(session(), 5),
        core.moderate(session(), images=b"junk"),
    ],
)
def test_bad_input(flow: Flow[Any]) -> None:
    with pytest.raises(errors.BadInput):
        next(flow)


@pytest.mark.parametrize("junk", [{}, {"results": [5]}, {"results": [{"flagged": "yes"}]}])
def test_junk(junk: Any) -> None:
    with pytest.raises(errors.Upstream, match="no moderation"):
        drive(core.moderate(session(), "x"), answer(junk))
    with pytest.raises(errors.Upstream, match="judges 2 of 1"):
        drive(core.moderate(session(), "x"), answer(reply(result(), result())))


def test_models_that_know_less() -> None:
    lean = {"flagged": True, "categories": None, "category_scores": {"illicit": None}}
    made, _ = asked(core.moderate(session(), "x"), lean)
    assert (made[0].category, made[0].scores) == (None, {"illicit": None})
    assert "yes" in made._repr_mimebundle_()[0]["text/plain"]
    made, _ = asked(core.moderate(session(), "x"), {"flagged": False})
    assert made.frame().shape[0] == 1
