"""Every verb against this package's own gateway and its engines, offline."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import BaseModel

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client, VideoStatus
from nexhina_nb.retry import Policy
from tests.client.cutting import cutting
from tests.conftest import RunningGateway

QUESTION = "What is 2 + 3?"


@pytest.fixture
def local(shared_gateway: RunningGateway) -> Iterator[Client]:
    with Client(shared_gateway.base_url, shared_gateway.new_key(), max_retries=0) as client:
        yield client


def test_respond(local: Client) -> None:
    plain = local.respond(QUESTION)
    with local.respond(QUESTION, stream=True) as stream:
        pieces = list(stream)
    assert "5" in plain.text
    assert "".join(pieces) == stream.reply.text == plain.text
    for reply in (plain, stream.reply):
        assert (reply.cost.source, reply.finish_reason) == ("gateway", "stop")
        assert reply.usage is not None
        assert reply.request_id


def test_respond_keeps_what_it_said(local: Client) -> None:
    first = local.respond("My name is Ada.")
    assert "Ada" in local.respond("What is my name?", previous=first).text
    apart = local.respond("My name is Ada.", store=False)
    assert "Ada" in local.respond("What is my name?", previous=apart, store=False).text
    assert local.input_items(first)[0]["role"] == "user"
    assert local.response(first.id).text == first.text
    local.delete_response(first)
    with pytest.raises(errors.NotFound):
        local.response(first)


def test_respond_in_the_background(local: Client) -> None:
    started = local.respond(QUESTION, background=True)
    assert "5" in local.response(started, wait=20).text
    again = local.response(started, stream=True)
    assert "5" in again.read().text


class Sum(BaseModel):
    a: int
    b: int


def test_respond_in_a_form_and_with_tools(local: Client) -> None:
    def weather(city: str) -> str:
        """The weather of a city."""
        return city

    asked = local.respond("What is the weather in Oslo?", tools=[weather], tool_choice="required")
    (call,) = asked.tool_calls
    assert call.function is not None
    assert call.function.name == "weather"
    result = {"type": "function_call_output", "call_id": call.id, "output": "8 degrees, rain"}
    assert "8" in local.respond([result], previous=asked, tools=[weather]).text
    assert local.respond("a is 3 and b is 4", schema=Sum).parsed == Sum(a=3, b=4)


def test_moderate(local: Client) -> None:
    verdicts = local.moderate(["What a lovely day", "I will kill you, you will die"])
    assert [row.flagged for row in verdicts] == [False, True]
    assert "violence" in verdicts.categories or "harassment/threatening" in verdicts.categories
    assert verdicts.cost.source == "gateway"
    assert len(local.moderate("a picture", images=local.image("a sea", size="256x256"))) == 1


def test_image(local: Client, tmp_path: Path) -> None:
    reply = local.image("a red circle", size="256x256", n=2, format="webp", seed=4)
    assert [Image.open(io.BytesIO(data)).format for data in reply.images] == ["WEBP"] * 2
    assert reply.image.size == (256, 256)
    assert reply.cost.source == "gateway"
    edited = local.image("a blue sky", edit=reply, mask=Image.new("RGBA", (256, 256)))
    assert edited.save(tmp_path / "sky.png")[0].exists()
    *partial, last = local.image("a tree", size="256x256", stream=True, partial=2)
    assert [row.partial for row in (*partial, last)] == [0, 1, None]
    assert last.cost.source == "gateway"
    linked = local.image("a tree", size="256x256", response_format="url")
    assert linked.urls


def test_speak_and_transcribe(local: Client, tmp_path: Path) -> None:
    speech = local.speak("Good morning, how are you?", format="wav")
    assert speech.seconds is not None
    assert 0.5 < speech.seconds < 10
    path = speech.save(tmp_path / "morning.wav")
    heard = local.transcribe(path, language="en", words=True)
    assert heard.text
    assert heard.words
    assert "-->" in heard.srt
    assert speech.cost.source == heard.cost.source == "gateway"
    assert local.transcribe(speech, format="vtt").segments
    assert local.translate(speech).text


def test_speak_and_transcribe_as_streams(local: Client) -> None:
    with local.speak("One. Two.", stream=True) as stream:
        assert b"".join(stream) == stream.reply.audio
    assert stream.reply.cost.source == "gateway"
    raw = local.speak("One. Two.", stream=True, stream_format="audio", format="flac").read()
    assert raw.audio.startswith(b"fLaC")
    with local.transcribe(raw, stream=True) as heard:
        pieces = list(heard)
    assert "".join(pieces).strip() == heard.reply.text.strip()


def test_video(local: Client, tmp_path: Path) -> None:
    seen: list[VideoStatus] = []
    job = local.video("a red kite", seconds=1, size="160x120", seed=1)
    assert job.wait(60, report=seen.append).status == "completed"
    assert [row.progress for row in seen] == sorted(row.progress for row in seen)
    assert job.save(tmp_path / "kite.mp4").read_bytes() == job.video
    assert job.video[4:8] == b"ftyp"
    assert local.video_job(job.id).video == job.video
    assert job.cost.source == "gateway"
    assert local.video("it goes on", seconds=1, size="160x120", image=local.image("x")).id
    job.delete()
    with pytest.raises(errors.NotFound):
        local.video_job(job.id)


def test_awaited(shared_gateway: RunningGateway) -> None:
    async def main() -> None:
        async with AsyncClient(shared_gateway.base_url, shared_gateway.key) as client:
            assert "5" in (await client.respond(QUESTION)).text
            assert len(await client.moderate(["x", "y"])) == 2
            assert (await client.image("x", size="256x256")).images
            speech = await client.speak("Good morning")
            assert (await client.transcribe(speech)).duration
            job = await client.video("x", seconds=1, size="160x120")
            assert (await (await job.wait(60)).video)[4:8] == b"ftyp"

    asyncio.run(main())


def cut_places() -> list[int]:
    return [1, 50, *range(300, 3200, 137)]


@pytest.mark.parametrize("verb", ["chat", "respond"])
def test_a_stream_that_the_network_cuts(shared_gateway: RunningGateway, verb: str) -> None:
    words = "Say: one two three four, 世界 one two"
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        whole: Any = getattr(client, verb)(words, stream=True).read()
    resumed = 0
    for place in cut_places():
        with (
            cutting(shared_gateway.base_url, place, place + 400) as proxy,
            Client(proxy.base_url, shared_gateway.key, max_retries=0) as client,
        ):
            client._session.policy = Policy(max_retries=0, base=0)
            with getattr(client, verb)(words, stream=True, resume=3) as stream:
                assert "".join(stream) == stream.reply.text == whole.text
            assert stream.reply.finish_reason == whole.finish_reason
            resumed += stream.reply.resumed
    assert resumed > 10


def test_a_stream_that_the_network_cuts_awaited(shared_gateway: RunningGateway) -> None:
    async def main(base_url: str) -> None:
        async with AsyncClient(base_url, shared_gateway.key, max_retries=0) as client:
            client._session.policy = Policy(max_retries=0, base=0)
            async with await client.chat(QUESTION, stream=True, resume=2) as stream:
                pieces = [piece async for piece in stream]
            assert "".join(pieces) == stream.reply.text
            assert "5" in stream.reply.text
            assert stream.reply.resumed == 1

    with cutting(shared_gateway.base_url, 700) as proxy:
        asyncio.run(main(proxy.base_url))
