"""Which tool call a piece of a chat's stream belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nexhina_nb.gateway.dialects.responses.output import Payload, ToolCall


class Calls:
    """The tool calls of one answer, by the index that chat gives them."""

    def __init__(self) -> None:
        self._calls: dict[int, ToolCall] = {}
        self._ids: dict[str, int] = {}
        self._latest = -1

    def get(self, index: int) -> ToolCall | None:
        """The call at an index, if it has begun."""
        return self._calls.get(index)

    def add(self, index: int, call: ToolCall) -> None:
        """Begin a call."""
        self._calls[index] = call

    def placed(self, pieces: Iterable[Payload]) -> Iterator[tuple[int, Payload]]:
        """The pieces of one delta, each with its index, which some servers leave out."""
        taken: set[int] = set()
        for piece in pieces:
            given, id = piece.get("index"), piece.get("id")
            index = given if isinstance(given, int) else self._index(id, taken)
            if isinstance(id, str) and id:
                self._ids.setdefault(id, index)
            self._latest = index
            taken.add(index)
            yield index, piece

    def _index(self, id: object, taken: set[int]) -> int:
        if isinstance(id, str) and id in self._ids:
            return self._ids[id]
        # Two pieces of one delta are two calls.
        is_new = bool(id) or self._latest < 0 or self._latest in taken
        return max(self._calls, default=-1) + 1 if is_new else self._latest
