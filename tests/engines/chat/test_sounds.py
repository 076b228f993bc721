"""Sounds in a chat: listened to, taken as what was said, and owned up to where nothing was
understood.
"""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Iterable
from typing import Any

import pytest

from nexhina_nb.engines.sound import Sound, encode, silence
from nexhina_nb.errors import BadRequest
from tests.engines.chat.asking import run, say

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("av", "pocketsphinx", "espeakng_loader"))),
    reason="needs the extra 'local'",
)


def part(pieces: Iterable[Sound], form: str = "wav") -> dict[str, Any]:
    data = base64.b64encode(b"".join(encode(pieces, form))).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": form}}


def user(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def text(task: str) -> dict[str, Any]:
    return {"type": "text", "text": task}


def speech(form: str) -> dict[str, Any]:
    from nexhina_nb.engines.speech import speak

    return part(speak("good morning london"), form)


def test_what_is_heard_is_told() -> None:
    spoken = speech("wav")
    words = say(messages=user(text("What is said in this recording? Only the answer."), spoken))
    assert words
    assert say(messages=user(spoken)).startswith(f"I understood: “{words}”.")


def test_what_is_heard_is_worked_on() -> None:
    said = say(messages=user(text("Repeat this in capitals"), speech("mp3")))
    note, _, repeated = said.partition("”. ")
    assert note.removeprefix("I understood: “").upper() == repeated


def test_silence_is_owned_up_to() -> None:
    quiet = part([silence(1, 16_000)])
    note = "I listened to the sound you sent, but understood no word of it."
    assert say(messages=user(quiet)) == note
    assert say(messages=user(text("What is 2 + 2?"), quiet)) == f"{note} 2 + 2 = 4"


@pytest.mark.parametrize("data", ["", "***", "AAAA"])
def test_what_is_no_sound_is_refused_with_its_place(data: str) -> None:
    broken = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
    with pytest.raises(BadRequest) as refused:
        say(messages=user(text("What is this?"), broken))
    assert refused.value.param == "messages.0.content.1.input_audio"


def test_a_sound_counts_as_prompt() -> None:
    bare = run(messages=user(text("Hi")))[1].prompt
    assert run(messages=user(text("Hi"), part([silence(1, 16_000)])))[1].prompt == bare + 256
