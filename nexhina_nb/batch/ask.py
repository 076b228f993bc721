"""A prompt for each row → answers, read as the columns that were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from nexhina_nb.batch import calls
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.frames import Values
from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.batch.kinds import Unfit
from nexhina_nb.batch.rows import Found, Part, RowWork
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.typed import FreeText, Sheet
from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, exchange
from nexhina_nb.client.explain import checked
from nexhina_nb.client.messages import conversation, response_format
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.client.session import Session
from nexhina_nb.wire import ChatCompletionRequest, ChatCompletionResponse

CHAT_PATH = "/chat/completions"
TRUNCATED = "truncated: the answer reached its longest length; raise max_tokens"
_PROBLEMS = {
    "length": TRUNCATED,
    "content_filter": "content_filter: the provider's filter stepped in",
}
_NO_TEXT = "no_text: the model called a tool and said nothing"
_SHORT = 160


@dataclass(frozen=True, slots=True)
class Question:
    """A chat but for its prompt, as a request without a model."""

    fields: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(
        cls, *, system: str | None = None, lang: str | None = None, schema: Any = None, **more: Any
    ) -> Question:
        """From the arguments of a chat. Raises BadInput for what no gateway would take."""
        *before, prompt = conversation("?", system=system, lang=lang)
        fields = {
            **more,
            "model": "?",
            "messages": [*before, prompt],
            "response_format": response_format(False, schema),
        }
        request = orjson.loads(bodies.encode(ChatCompletionRequest, fields, {}))
        del request["model"], request["messages"]
        return cls(request, before)

    def messages(self, prompt: str) -> list[Mapping[str, Any]]:
        """The whole conversation."""
        return [*self.before, {"role": "user", "content": prompt}]

    def body(self, model: str, prompt: str) -> bytes:
        """The request."""
        return orjson.dumps({"model": model, "messages": self.messages(prompt), **self.fields})


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered, as it is kept; ``refused``: the text says why it did not."""

    text: str
    finish_reason: str | None = None
    refused: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether a larger ``max_tokens`` brings more."""
        return self.finish_reason == "length"

    @property
    def problem(self) -> str:
        """Why it is no answer, or not all of one."""
        if self.refused:
            return f"refused: {shortened(self.text)}"
        if self.finish_reason == "tool_calls" and not self.text:
            return _NO_TEXT
        return _PROBLEMS.get(self.finish_reason or "", "")


@dataclass(frozen=True, slots=True)
class Read:
    """What an answer says: a value for each column, or None; why that is not what was asked for;
    and whether it is of use for another run.
    """

    said: Said
    values: Sequence[Any] | None
    why: str
    is_kept: bool


class AskWork(RowWork[Read]):
    """The answers of a batch.

    Whole answers are kept whatever ``max_tokens`` was, those that it cut off for that number only:
    so a higher one asks for nothing but these. An answer that does not fit its columns is not kept:
    the next run asks, and pays, for it again.
    """

    verb, path = "ask", CHAT_PATH

    def __init__(
        self,
        inputs: Inputs,
        model: str,
        question: Question,
        sheet: Sheet | FreeText,
        gateway: str,
        cache: Cache | None,
        tally: Tally,
    ) -> None:
        whole = {name: value for name, value in question.fields.items() if name != "max_tokens"}
        parameters = {"before": list(question.before), **whole}
        super().__init__(inputs, model, Address("ask", gateway, model, **parameters), cache, tally)
        self._cut = Address(
            "ask", gateway, model, **parameters, cut=question.fields.get("max_tokens")
        )
        self._question, self._sheet = question, sheet
        self._values: dict[int, Sequence[Any]] = {}

    def parts(self) -> Iterator[Part]:
        """A call for each."""
        return ((place,) for place in self.missing())

    def ask(self, session: Session, part: Part) -> Flow[Answer[Found[Read]]]:
        """The call for a prompt. It is repeatable: of thousands of calls some get lost, and to ask,
        and perhaps pay, twice for these few is better than a frame with holes.
        """
        body = self._question.body(self.model, self.inputs.texts[part[0]])
        response = yield from exchange(session, Request("POST", CHAT_PATH, body, repeatable=True))
        answer = checked(session, response)
        reply = read_chat(session.target, response, ChatCompletionResponse.read(answer), Form())
        return calls.answered([(0, self._read(_said(reply)))], response, answer, self.model)

    def pack(self, value: Read) -> bytes:
        """What was said, as JSON."""
        return orjson.dumps(value.said)

    def unpack(self, data: bytes) -> Read:
        """From JSON, and read anew."""
        return self._read(Said(**orjson.loads(data)))

    def look_up(self) -> None:
        """Take what is on disk: whole answers, and those that were cut off by the same limit."""
        if self._cache is None:
            return
        self._find(range(len(self._names)), self._names)
        rest = self.missing()
        self._find(rest, [self._name_of_cut(place) for place in rest])

    def keep(self, part: Part, answer: Answer[Found[Read]]) -> None:
        """On disk first, if it is of any use there."""
        self._tally.billed(answer.bill)
        (place,), ((_, read),) = part, answer.value
        if read.is_kept and self._cache is not None:
            name = self._name_of_cut(place) if read.said.is_cut else self._names[place]
            self._cache.put({name: self.pack(read)}, verb=self.verb, model=self.model)
        self.put(place, read)
        if not read.why:
            self._tally.answered(int(self._counts[place]))

    def put(self, place: int, value: Read) -> None:
        """Take what was read: an answer, or why there is none."""
        if value.values is not None:
            self._values[place] = value.values
        if value.why:
            self.lose(place, value.why)
        else:
            self._is_known[place] = True

    def columns(self) -> list[Values]:
        """What the answers say, row by row."""
        rows = [self._values.get(place) for place in self.inputs.place.tolist()]
        return [
            Values(kind.dtype, [None if row is None else row[at] for row in rows])
            for at, kind in enumerate(self._sheet.kinds.values())
        ]

    def _find(self, places: Sequence[int], names: Sequence[bytes]) -> None:
        assert self._cache is not None
        for at, data in self._cache.find(names):
            read = self.unpack(data)
            if not read.is_kept:
                continue  # a class may have become stricter since, in ways that no schema tells
            self.put(places[at], read)
            if not read.why:
                self._tally.found(int(self._counts[places[at]]))

    def _name_of_cut(self, place: int) -> bytes:
        return self._cut.of(self.inputs.texts[place].encode())

    def _read(self, said: Said) -> Read:
        try:
            values, why = self._sheet.read(said.text), ""
        except Unfit as error:
            values, why = None, f"schema: {error}; the answer was {shortened(said.text)}"
        problem = said.problem
        is_kept = bool(problem) or not why
        return Read(said, None if said.refused else values, problem or why, is_kept)


def _said(reply: ChatReply) -> Said:
    refused = isinstance(reply.message.refusal, str) and reply.text == reply.message.refusal
    return Said(reply.text, reply.finish_reason, bool(reply.text) and refused)


def shortened(text: str) -> str:
    """A text for a place with little room."""
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"
