"""The protocol of a dialect that is carried by chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

Payload = dict[str, Any]


class Translator(Protocol):
    """Turns the chunks of one chat stream into the frames of the dialect."""

    def feed(self, chunk: Payload) -> Iterator[bytes]:
        """The frames that one chunk sets free; of an error chunk, the dialect's error event."""
        ...

    def end(self) -> Iterator[bytes]:
        """The frames that close the stream, once the chat has ended as it should."""
        ...


class Dialect(Protocol):
    """One dialect. Bodies have been checked against their form in `wire`."""

    def request(self, body: Mapping[str, Any]) -> Payload:
        """The chat that asks for the same; BadRequest names what a chat cannot carry."""
        ...

    def reply(self, chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
        """The reply that a whole chat reply amounts to."""
        ...

    def translator(self, body: Mapping[str, Any], request_id: str) -> Translator:
        """What turns the chat's stream into the dialect's."""
        ...


@runtime_checkable
class Several(Protocol):
    """A dialect in which one body may ask for what takes several chats."""

    def parts(self, body: Mapping[str, Any]) -> list[Payload]:
        """The bodies that ask for the same, one chat each."""
        ...
