"""Legacy completions, carried by chat: the prompt is the one message (contract 2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.base import Payload
from nexhina_nb.pricing import tokens
from nexhina_nb.wire.sse import DONE, encode

STANDARD_LENGTH = 16  # tokens, where a body names no limit
# What a chat knows by other names, or not at all; all else is asked for as it stands.
_TRANSLATED = frozenset(
    {"prompt", "suffix", "best_of", "echo", "logprobs", "stream", "stream_options"}
)


class _Completions:
    """The dialect of `/completions`."""

    def parts(self, body: Mapping[str, Any]) -> list[Payload]:
        """A body for each prompt: a chat carries one."""
        return [{**body, "prompt": one} for one in prompts_of(body)]

    def request(self, body: Mapping[str, Any]) -> Payload:
        _refuse(body)
        chat = {name: value for name, value in body.items() if name not in _TRANSLATED}
        chat["messages"] = [{"role": "user", "content": prompt_of(body)}]
        if chat.get("max_tokens") is None:
            chat["max_tokens"] = STANDARD_LENGTH
        if (many := body.get("logprobs")) is not None:
            chat |= {"logprobs": True, "top_logprobs": many}
        if _tries(body) > (body.get("n") or 1):
            chat |= {"n": _tries(body), "logprobs": True}
        return chat

    def reply(self, chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
        before = prompt_of(body) if body.get("echo") else ""
        best = _best(chat.get("choices") or (), body.get("n") or 1)
        choices = [
            _choice(choice, place, before + _said(choice.get("message")), body)
            for place, choice in enumerate(best)
        ]
        usage = {"usage": chat["usage"]} if chat.get("usage") else {}
        return {**_head(chat, request_id), "choices": choices, **usage}

    def translator(self, body: Mapping[str, Any], request_id: str) -> _Chunks:
        return _Chunks(body, request_id)


COMPLETIONS = _Completions()


def prompt_of(body: Mapping[str, Any]) -> str:
    """The one prompt as a text, also where it came as the ids of its tokens."""
    (prompt,) = prompts_of(body)
    if isinstance(prompt, str):
        return prompt
    encoding = tokens.encoding_for(body["model"])
    try:
        return tokens.decode(prompt, encoding)
    except (KeyError, OverflowError, ValueError):
        raise BadRequest(
            f"a token id is outside the vocabulary ({encoding})", param="prompt"
        ) from None


def prompts_of(body: Mapping[str, Any]) -> list[Any]:
    """The prompts, each a text or the ids of its tokens."""
    prompt = body["prompt"]
    is_one = isinstance(prompt, str) or isinstance(prompt[0], int)
    return [prompt] if is_one else prompt


def _refuse(body: Mapping[str, Any]) -> None:
    """What a chat cannot say is not left out silently."""
    if body.get("suffix"):
        raise BadRequest("this model cannot write what stands before a suffix", param="suffix")
    if body.get("echo") and body.get("logprobs") is not None:
        raise BadRequest("this model cannot tell the probabilities of a prompt", param="echo")
    if body.get("stream") and _tries(body) > (body.get("n") or 1):
        raise BadRequest("the best of several cannot be streamed", param="best_of")


def _tries(body: Mapping[str, Any]) -> int:
    return max(body.get("best_of") or 1, body.get("n") or 1)


def _best(choices: Sequence[Payload], many: int) -> list[Payload]:
    """The likeliest by token, where the chat tells how likely they are."""
    if len(choices) <= many:
        return list(choices)
    return sorted(choices, key=_likelihood, reverse=True)[:many]


def _likelihood(choice: Payload) -> float:
    found = [entry["logprob"] for entry in _entries(choice)]
    return sum(found) / len(found) if found else float("-inf")


def _entries(choice: Payload) -> list[Payload]:
    return (choice.get("logprobs") or {}).get("content") or []


def _said(message: Mapping[str, Any] | None) -> str:
    content = (message or {}).get("content")
    return content if isinstance(content, str) else ""


def _head(chat: Payload, request_id: str) -> Payload:
    told: Payload = {name: chat[name] for name in ("created", "model") if name in chat}
    return {"id": f"cmpl-{request_id}", "object": "text_completion", **told}


def _choice(
    choice: Payload, index: int, text: str, body: Mapping[str, Any], start: int = 0
) -> Payload:
    wanted = body.get("logprobs") is not None
    return {
        "text": text,
        "index": index,
        "logprobs": _legacy(_entries(choice), start) if wanted else None,
        "finish_reason": choice.get("finish_reason"),
    }


def _legacy(entries: Sequence[Payload], start: int) -> Payload:
    """Log-probabilities as lists, a place for each token; ``start`` is where the text begins."""
    offsets = [start]
    for entry in entries:
        offsets.append(offsets[-1] + len(entry["token"]))
    return {
        "tokens": [entry["token"] for entry in entries],
        "token_logprobs": [entry["logprob"] for entry in entries],
        "top_logprobs": [
            {row["token"]: row["logprob"] for row in entry.get("top_logprobs") or ()}
            for entry in entries
        ],
        "text_offset": offsets[:-1],
    }


class _Chunks:
    """Turns the chunks of a chat into those of a completion."""

    def __init__(self, body: Mapping[str, Any], request_id: str) -> None:
        self._body = body
        self._request_id = request_id
        self._echo = prompt_of(body) if body.get("echo") else ""
        self._lengths: dict[int, int] = {}

    def feed(self, chunk: Payload) -> Iterator[bytes]:
        if chunk.get("error"):
            yield encode(orjson.dumps(chunk))
            return
        choices = [self._piece(choice) for choice in chunk.get("choices") or ()]
        if choices or chunk.get("usage"):
            told = {"usage": chunk["usage"]} if "usage" in chunk else {}
            yield encode(
                orjson.dumps({**_head(chunk, self._request_id), "choices": choices, **told})
            )

    def end(self) -> Iterator[bytes]:
        yield DONE

    def _piece(self, choice: Payload) -> Payload:
        index = choice.get("index") or 0
        start = self._lengths.get(index)
        text = _said(choice.get("delta"))
        if start is None:
            start, text = 0, self._echo + text
        self._lengths[index] = start + len(text)
        return _choice(choice, index, text, self._body, start)
