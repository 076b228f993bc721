"""What differs between the endpoints that the pipeline carries: one row each.

A kind says which form of `wire` a body has, where it goes upstream, what of it counts as prompt,
how long the answer may get, and how its stream is read. Everything else (keys, money, routing,
relaying, logs) is the same for all. The rows are in the modules beside this one, a module a family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from nexhina_nb import wire
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.router import LONGEST_NAME
from nexhina_nb.gateway.taps.base import Tap
from nexhina_nb.gateway.taps.chat import ChatTap
from nexhina_nb.gateway.upstreams.base import Upload
from nexhina_nb.pricing.cost import Ratio, quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens

Body = Mapping[str, Any]


# What a plain answer is: a JSON object; that or a text; sound, which is not held in memory.
Plain = Literal["json", "text", "sound"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: its headers, its bytes, the object in them if they are JSON.

    Of a sound, which was passed on as it came, there are its ``size`` in bytes and, unless it is
    huge, a copy on disk.
    """

    headers: Mapping[str, str]
    content: bytes = b""
    payload: dict[str, Any] | None = None
    size: int = 0
    sound: BinaryIO | None = None


def no_text(_: Body) -> Iterable[str]:
    """Nothing of the body is read as a prompt."""
    return ()


def no_answer(_: Body) -> int:
    """The answer has no tokens."""
    return 0


def asks_stream(body: Body) -> bool:
    """Whether the body says ``stream: true``; a form says it in letters."""
    return body.get("stream") in (True, "true", "True", "1")


def chat_tap(model: str, body: Body) -> Tap:
    """What reads a chat stream."""
    options = body.get("stream_options") or {}
    return ChatTap(model, wants_usage=bool(options.get("include_usage")))


def no_ratios(_model: str, _body: Body) -> tuple[Ratio, ...]:
    """Nothing multiplies the price."""
    return ()


def as_it_is(body: dict[str, Any], _files: tuple[Upload, ...]) -> dict[str, Any]:
    """Nothing in the files of a form has to be known before the call."""
    return body


def bill_tokens(
    price: Price, used: Tokens, ratios: tuple[Ratio, ...], group_ratio: Ratio = 1
) -> int:
    """Quota of a call by what it used."""
    return quota(price, used, group_ratio, other_ratios=ratios)


def told_usage(_body: Body, _files: tuple[Upload, ...], reply: Reply) -> Tokens | None:
    """What the answer itself says was used; None if it does not."""
    usage = reply.payload.get("usage") if reply.payload else None
    return Tokens.from_usage(usage) if isinstance(usage, dict) else None


@dataclass(frozen=True, slots=True)
class Kind:
    """One family of calls.

    ``request`` and ``reply`` are names of `wire`. ``default_model`` is what the contract fills in
    where a body names none (2.1); the engine ``fallback`` answers if no channel has that model.
    ``prompt`` and ``longest_answer`` (tokens) make the estimate that is held; ``ratios`` are the
    other ratios of the price (contract 5.4); ``inspect`` adds to a form's body what its bill needs
    to know of its files; ``measure`` reads what an answer used, None where the text has to be
    counted; ``bill`` makes quota of it. ``takes`` says how a body may come, ``plain`` what a plain
    answer is. ``asks_usage``: a stream tells its usage only if it is asked to. ``names_model``: the
    upstream is told the model. ``is_order``: a call that may have arrived must not be sent again.
    ``dialect`` decides the form of errors.
    """

    verb: str
    summary: str
    path: str
    request: str
    reply: str
    prompt: Callable[[Body], Iterable[str]] = no_text
    longest_answer: Callable[[Body], int] = no_answer
    streams: Callable[[Body], bool] | None = None
    tap: Callable[[str, Body], Tap] = chat_tap
    takes: tuple[str, ...] = ("json",)
    default_model: str = ""
    fallback: str = ""
    ratios: Callable[[str, Body], tuple[Ratio, ...]] = no_ratios
    inspect: Callable[[dict[str, Any], tuple[Upload, ...]], dict[str, Any]] = as_it_is
    measure: Callable[[Body, tuple[Upload, ...], Reply], Tokens | None] = told_usage
    bill: Callable[[Price, Tokens, tuple[Ratio, ...], Ratio], int] = bill_tokens
    plain: Plain = "json"
    asks_usage: bool = False
    names_model: bool = True
    is_order: bool = False
    dialect: str = "openai"

    def check(self, body: dict[str, Any], *, is_form: bool = False) -> dict[str, Any]:
        """The body, if it keeps the contract; else BadRequest, naming the field.

        All values of a form are texts: there, what should be a number becomes one.
        """
        # pydantic is a third of what the gateway loads, and it is ready without it.
        from nexhina_nb.wire.validation import check  # noqa: PLC0415

        checked = check(getattr(wire, self.request), body, is_form=is_form)
        return body | checked.dump() if is_form else body

    def is_stream(self, body: Body) -> bool:
        """Whether a call asks for a stream of events."""
        return self.streams is not None and self.streams(body)


def model_of(body: Body) -> str:
    """The model that a body asks for. Raises BadRequest when there is none, or no name."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest(
            "you must provide a model", code="missing_required_parameter", param="model"
        )
    if len(model) > LONGEST_NAME:
        raise BadRequest(f"'model' must have at most {LONGEST_NAME} characters", param="model")
    return model


def rough_tokens(texts: Iterable[str]) -> int:
    """A quick guess for what to hold: four bytes a token. The bill never uses it when usage
    came.
    """
    return -(-sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) // 4)
