"""Multipart bodies: the fields as a JSON body would have them, the files on disk.

Starlette's parser writes a file to disk as it comes, so that a large upload takes no memory.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from nexhina_nb.errors import BadRequest, TooLarge
from nexhina_nb.gateway.upstreams.base import Form, Upload

MOST_FILES = 32
MOST_FIELDS = 200
# Bytes of one field that is no file: such a field is held in memory.
LONGEST_FIELD = 8 << 20
_TAIL = 1024  # bytes in which the end of a form is looked for


@asynccontextmanager
async def read_form(request: Request, limit: int) -> AsyncIterator[Form]:
    """The form of a request; its files are gone when the block ends.

    Raises TooLarge (413) above ``limit`` bytes, BadRequest (400) for what is no form.
    """
    try:
        form = await Request(request.scope, _Body(request, limit)).form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD
        )
    except HTTPException as error:  # the parser's own words are safe, and say where it broke
        raise BadRequest(f"the form cannot be read: {error.detail}", code="invalid_form") from None
    try:
        yield _read(form)
    finally:
        await form.close()


def body_of(form: Form) -> dict[str, Any]:
    """The fields by name; a name that ends in ``[]`` or comes again holds a list of its values.

    A file stands there as its name and size, so that the wire's form can judge it.
    """
    pairs: list[tuple[str, Any]] = [*form.fields]
    pairs += [(row.name, {"filename": row.filename, "size": row.size}) for row in form.files]
    body: dict[str, Any] = {}
    for name, found in itertools.groupby(sorted(pairs, key=_name), key=_name):
        rows = [(full, value) for full, value in found]
        values = [value for _, value in rows]
        is_list = len(values) > 1 or rows[0][0].endswith("[]")
        body[name] = values if is_list else values[0]
    return body


class _Body:
    """The messages of a request, up to a number of bytes and with the form's end among them.

    The parser drops a part that has no end as if it had not been sent. It closes its files for what
    is raised here.
    """

    def __init__(self, request: Request, limit: int) -> None:
        self._receive = request.receive
        self._limit = limit
        self._size = 0
        self._tail = b""
        _, options = parse_options_header(request.headers.get("content-type"))
        self._end = b"--" + options.get(b"boundary", b"") + b"--"

    async def __call__(self) -> Message:
        message = await self._receive()
        piece = message.get("body", b"")
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLarge(f"the body is larger than {self._limit >> 20} MiB")
        self._tail = (self._tail + piece[-_TAIL:])[-_TAIL:]
        is_last = message["type"] == "http.request" and not message.get("more_body")
        if is_last and self._end not in self._tail:
            raise BadRequest("the form is cut off before its last boundary", code="invalid_form")
        return message


def _read(form: FormData) -> Form:
    fields, files = [], []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            kind = value.content_type or "application/octet-stream"
            files.append(Upload(name, value.filename or "", kind, value.file, value.size or 0))
        else:
            fields.append((name, value))
    return Form(tuple(fields), tuple(files))


def _name(pair: tuple[str, Any]) -> str:
    return pair[0].removesuffix("[]")
