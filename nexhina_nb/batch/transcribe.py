"""Recordings of a column → what is said in them: a call for each different one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.quotas import quota_of
from nexhina_nb.batch.recordings import Recordings
from nexhina_nb.batch.rows import Found, Part, RowWork
from nexhina_nb.batch.tally import Bill, Tally
from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, exchange
from nexhina_nb.client.explain import Asked, explain
from nexhina_nb.client.session import Session
from nexhina_nb.client.transcripts import TranscriptReply, read_transcript
from nexhina_nb.client.uploads import FormData
from nexhina_nb.errors import APIError
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire import TranscriptionRequest, TranslationRequest
from nexhina_nb.wire.audio import Form


@dataclass(frozen=True, slots=True)
class Hearing:
    """How recordings are heard; the fields as the wire calls them."""

    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None

    def parameters(self) -> Mapping[str, Any]:
        """What was said, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class TranscribeWork(RowWork[str]):
    """The texts of a batch. A file is open only while its call is under way."""

    verb, path = "transcribe", "/audio/transcriptions"
    form: ClassVar[type[Form]] = TranscriptionRequest

    def __init__(
        self,
        inputs: Recordings,
        model: str,
        wanted: Hearing,
        address: Address,
        cache: Cache | None,
        tally: Tally,
    ) -> None:
        self._files = inputs.files
        super().__init__(inputs, model, address, cache, tally)
        self._texts: dict[int, str] = {}
        # All models know JSON, and of what else they tell only the text goes into the frame.
        self._fields = {"model": model, **wanted.parameters(), "response_format": "json"}
        bodies.check(self.form, self._fields, {}, {"file": {"filename": ""}})

    def contents(self) -> Iterator[bytes]:
        """The digests of the files."""
        return (file.digest for file in self._files)

    def parts(self) -> Iterator[Part]:
        """One recording in a call."""
        return ((place,) for place in self.missing())

    def ask(self, session: Session, part: Part) -> Flow[Answer[Found[str]]]:
        """The call for a recording."""
        (place,) = part
        with self._files[place].opened() as upload:
            form = FormData(self._fields, [upload])
            request = Request("POST", self.path, form=form, repeatable=True, accept="*/*")
            response = yield from exchange(session, request)
        reply = read_transcript(session.target, response, model=self.model)
        bill = Bill(reply.cost, _tokens(reply), reply.model, reply.request_id)
        return Answer([(0, reply.text)], bill, quota_of(response.headers, bill.tokens))

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """What to do about an error that ends the batch."""
        return explain(session, error, Asked(self.model), self.path)

    def pack(self, value: str) -> bytes:
        """The text."""
        return value.encode()

    def unpack(self, data: bytes) -> str:
        """The text again."""
        return data.decode()

    def put(self, place: int, value: str) -> None:
        """Keep it for the rows of its recording."""
        self._texts[place] = value

    def rows(self) -> Sequence[str | None]:
        """The text of each row; None where there is none."""
        return [self._texts.get(place) for place in self.inputs.place.tolist()]


class TranslateWork(TranscribeWork):
    """The same in English."""

    verb, path = "translate", "/audio/translations"
    form = TranslationRequest


def _tokens(reply: TranscriptReply) -> int:
    return Tokens.from_usage(reply.usage.dump() if reply.usage else None).total
