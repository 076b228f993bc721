"""Pictures as they are made (contract 2.7): unfinished ones first, the finished ones last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nexhina_nb.client.exchange import Response
from nexhina_nb.client.pictures import ImageReply, read_images
from nexhina_nb.client.streams import EventState
from nexhina_nb.client.target import Target

_ECHOED = ("background", "output_format", "quality", "size")


class ImageState(EventState[ImageReply, ImageReply]):
    """What is known of one stream; its pieces are pictures, the whole reply being the last."""

    def __init__(
        self, target: Target, response: Response, *, model: str, prompt: str, count: int = 1
    ) -> None:
        super().__init__(target, response)
        self._model, self._prompt, self._count = model, prompt, count
        self._events: list[dict[str, Any]] = []

    @property
    def finished(self) -> bool:
        """Whether as many pictures have come as were asked for."""
        return len(self._events) >= self._count

    def _read(self, event: dict[str, Any]) -> Iterator[ImageReply]:
        kind = str(event.get("type"))
        if kind.endswith(".partial_image"):
            number = event.get("partial_image_index")
            yield self._made([event], partial=number if isinstance(number, int) else 0)
        elif kind.endswith(".completed"):
            self._events.append(event)

    def end(self) -> Iterator[ImageReply]:
        """The finished picture."""
        yield from super().end()
        yield self.reply

    def _whole(self) -> ImageReply:
        return self._made(self._events)

    def _made(self, events: list[dict[str, Any]], partial: int | None = None) -> ImageReply:
        last = events[-1]
        keys = ("b64_json", "url", "revised_prompt")
        data = [{key: event[key] for key in keys if event.get(key)} for event in events]
        echoed = {name: last[name] for name in (*_ECHOED, "usage") if last.get(name)}
        return self._as_reply(
            {"created": last.get("created_at") or 0, "data": data, **echoed}, partial
        )

    def _as_reply(self, answer: dict[str, Any], partial: int | None = None) -> ImageReply:
        billed = self._billed if partial is None else None
        known: Any = {"model": self._model, "prompt": self._prompt, "billed": billed}
        return read_images(self._target, self._response, answer, partial=partial, **known)

    def _read_plain(self, answer: dict[str, Any]) -> Iterator[ImageReply]:
        self._reply = self._as_reply(answer)
        yield from ()
