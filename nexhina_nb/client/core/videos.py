"""The verb video: jobs that a gateway works on in the background (contract 2.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson

from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, Response, Sleep, read_error, read_object
from nexhina_nb.client.explain import Asked, ask, call
from nexhina_nb.client.films import VideoStatus, read_status
from nexhina_nb.client.images import image_url, picture
from nexhina_nb.client.session import Session
from nexhina_nb.client.texts import checked
from nexhina_nb.client.uploads import FormData, Upload
from nexhina_nb.client.waiting import Waiting
from nexhina_nb.errors import BadInput, TimedOut
from nexhina_nb.wire import VideoGenerationRequest

Report = Callable[[VideoStatus], object]


def video(
    session: Session,
    /,
    prompt: str,
    *,
    model: str | None = None,
    seconds: float | str | None = None,
    size: str | None = None,
    image: Any = None,
    seed: int | None = None,
    **extra: Any,
) -> Flow[VideoStatus]:
    """A prompt → VideoJob, which is under way: ``job.wait()``, then ``job.save(path)``.

    ``seconds`` is how long it shall be, ``size`` "1280x720"; ``image`` a picture to begin with (a
    path, a URL, bytes, a figure). A job lives in the gateway: after a restart of the kernel
    ``client.video_job(id)`` comes back to it. Other arguments go to the gateway as they are.

    Raises BadInput before anything is sent; APIError or ConnectionFailed after.
    """
    name = model or session.settings.video_model
    fields: dict[str, Any] = {
        "prompt": checked(prompt, "the prompt"),
        "model": name,
        "seconds": None if seconds is None else f"{seconds:g}" if _is_number(seconds) else seconds,
        "size": size,
        "seed": seed,
    }
    is_link = isinstance(image, str) and image.startswith(("http://", "https://"))
    if is_link:
        fields["image"] = image_url(image)
    body = bodies.encode(VideoGenerationRequest, fields, extra)
    request = Request("POST", "/videos", body)
    if image is not None and not is_link:
        data, kind = picture(image)
        file = Upload("input_reference", f"picture.{kind.partition('/')[2]}", data)
        request = Request("POST", "/videos", form=FormData({**fields, **extra}, [file]))
    return (yield from _told(session, request, Asked(name, texts=[prompt])))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def video_job(session: Session, /, id: str) -> Flow[VideoStatus]:
    """The VideoJob of an earlier call, by its id; NotFound if the gateway knows none."""
    return (yield from _told(session, Request("GET", path_of(id), repeatable=True)))


def remix(session: Session, /, id: str, prompt: str) -> Flow[VideoStatus]:
    """A new job that changes a finished video as the prompt says."""
    body = orjson.dumps({"prompt": checked(prompt, "the prompt")})
    request = Request("POST", f"{path_of(id)}/remix", body)
    return (yield from _told(session, request))


def delete_video(session: Session, /, id: str) -> Flow[None]:
    """Delete a video and what the gateway keeps of it."""
    yield from call(session, Request("DELETE", path_of(id)))


def wait(
    session: Session, /, id: str, timeout: float | None, report: Report | None
) -> Flow[VideoStatus]:
    """Look until the video is made; ``report`` is told of every look. Raises what made it fail, and
    TimedOut after ``timeout`` seconds.
    """
    waiting = Waiting(timeout)
    while True:
        request = Request("GET", path_of(id), repeatable=True)
        response, status = yield from ask(session, request, None, _status)
        if report is not None:
            report(status)
        if status.error is not None:
            raise status.error
        if status.done:
            return status
        pause = waiting.pause(response)
        if pause is None:
            raise TimedOut(f"{status}, after {timeout:g} s", hint=how_to_come_back(id))
        yield Sleep(pause)


def content(session: Session, /, id: str) -> Flow[Response]:
    """The bytes of a finished video, as an open answer."""
    path = f"{path_of(id)}/content"
    request = Request("GET", path, stream=True, repeatable=True, accept="video/mp4")
    response, _ = yield from call(session, request)
    return response


def path_of(id: Any) -> str:
    """The path of a job."""
    if not isinstance(id, str) or not id:
        raise BadInput(f"{id!r} is no video", hint="pass the id of a VideoJob")
    return f"/videos/{quote(id, safe='')}"


def how_to_come_back(id: str) -> str:
    """What to say of a job that nobody waits for any longer."""
    return f"the gateway goes on making it: client.video_job({id!r}).wait()"


def _told(session: Session, request: Request, asked: Asked | None = None) -> Flow[VideoStatus]:
    _, status = yield from ask(session, request, asked, _status)
    return status


def _status(session: Session, response: Response) -> VideoStatus:
    # The error of a job that failed is part of an answer that is good.
    body = read_object(session.target, response)
    if body.get("error") and not (body.get("id") or body.get("task_id")):
        raise read_error(session.target, response)
    return read_status(session.target, response, body)
