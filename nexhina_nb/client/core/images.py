"""The verb image: pictures from a prompt, or from a prompt and other pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, Response, exchange, not_an_answer
from nexhina_nb.client.explain import Asked, call
from nexhina_nb.client.image_stream import ImageState
from nexhina_nb.client.images import picture
from nexhina_nb.client.pictures import ImageReply, from_base64, links_of, read_images
from nexhina_nb.client.session import Session
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.texts import checked
from nexhina_nb.client.uploads import FormData, Upload
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import ImageGenerationRequest


def image(
    session: Session,
    /,
    prompt: str,
    *,
    model: str | None = None,
    n: int | None = None,
    size: str | None = None,
    quality: str | None = None,
    format: str | None = None,
    background: str | None = None,
    seed: int | None = None,
    edit: Any = None,
    mask: Any = None,
    stream: bool = False,
    partial: int | None = None,
    **extra: Any,
) -> Flow[ImageReply | OpenStream[ImageReply, ImageReply]]:
    """A prompt → ImageReply: one picture, or ``n``; ``size`` is "1024x1024", ``format`` png, jpeg
    or webp.

    ``edit`` is a picture to change, or several (paths, bytes, data URLs, Pillow pictures, figures;
    of an earlier reply the first picture); ``mask`` one whose transparent part is what may change.
    ``stream=True`` gives an ImageStream of ``partial`` (0 to 3, else 2) unfinished pictures, and
    then the finished one. Other arguments go to the gateway as they are.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    name = model or session.settings.image_model
    fields: dict[str, Any] = {
        "prompt": checked(prompt, "the prompt"),
        "model": name,
        "n": n,
        "size": size,
        "quality": quality,
        "output_format": format,
        "background": background,
        "seed": seed,
        "stream": stream or None,
        "partial_images": (2 if partial is None else partial) if stream else None,
        "response_format": _form_of(name, extra),
    }
    request = _request(fields, extra, edit, mask)
    if partial is not None and not stream:
        raise BadInput("partial pictures come in a stream", hint="add stream=True")
    return (yield from _draw(session, request, fields, extra.get("response_format") == "url"))


def _draw(
    session: Session, request: Request, fields: Mapping[str, Any], wants_links: bool
) -> Flow[ImageReply | OpenStream[ImageReply, ImageReply]]:
    model, prompt = fields["model"], fields["prompt"]
    response, answer = yield from call(session, request, Asked(model, texts=[prompt]))
    if request.stream:
        count = fields["n"] or 1
        state = ImageState(session.target, response, model=model, prompt=prompt, count=count)
        return OpenStream(state, response.source)
    known: Any = {"model": model, "prompt": prompt}
    if not wants_links:
        known["fetched"] = yield from _fetched(session, response, answer)
    return read_images(session.target, response, answer, **known)


def _form_of(model: str, extra: Mapping[str, Any]) -> str | None:
    # Pictures that come within the answer need no second call; the models that always send them so
    # refuse to be asked.
    is_given = extra.get("response_format") is not None
    return None if is_given or "gpt-image" in model else "b64_json"


def _request(fields: Mapping[str, Any], extra: Mapping[str, Any], edit: Any, mask: Any) -> Request:
    stream = bool(fields["stream"])
    body = bodies.encode(ImageGenerationRequest, fields, extra)
    if edit is None and mask is not None:
        raise BadInput("a mask needs a picture", hint="pass it as edit=")
    if edit is None:
        return Request("POST", "/images/generations", body, stream=stream)
    files = _files(edit, mask)
    form = FormData({**fields, **extra}, files)
    return Request("POST", "/images/edits", form=form, stream=stream)


def _files(edit: Any, mask: Any) -> Sequence[Upload]:
    several = list(edit) if isinstance(edit, (list, tuple)) else [edit]
    if not several:
        raise BadInput("edit holds no picture", hint="pass one, or leave edit out")
    field = "image" if len(several) == 1 else "image[]"
    files = [_upload(field, f"image-{row}", each) for row, each in enumerate(several, 1)]
    return files if mask is None else [*files, _upload("mask", "mask", mask)]


def _upload(field: str, name: str, given: Any) -> Upload:
    data, kind = picture(given)
    return Upload(field, f"{name}.{kind.partition('/')[2]}", data)


def _fetched(session: Session, response: Response, answer: dict[str, Any]) -> Flow[list[bytes]]:
    """The pictures behind the links of an answer."""
    found = []
    for link in links_of(answer):
        found.append((yield from _behind(session, response, link)))
    return found


def _behind(session: Session, response: Response, link: str) -> Flow[bytes]:
    if link.startswith("data:"):
        return from_base64(link)
    if not link.startswith(("http://", "https://", "/")):
        raise not_an_answer(session.target, response, "links to nowhere")
    path = link if link.startswith("http") else link.removeprefix("/v1")
    got = yield from exchange(session, Request("GET", path, repeatable=True, accept="image/*"))
    return got.body
