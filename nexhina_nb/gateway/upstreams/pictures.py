"""The pictures that an edit starts from: files of a form, or links and data URIs in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams.attachments import MOST_BYTES, fetch
from nexhina_nb.gateway.upstreams.base import Call, Upload
from nexhina_nb.settings import Settings


def sources(call: Call, settings: Settings) -> list[bytes]:
    """The pictures to edit, in their order; to be called from a worker thread.

    Raises BadRequest for what is too large, cannot be fetched, or is the id of a stored file.
    """
    return [
        *_uploaded(call, "image"),
        *_linked(call, "image", settings),
        *_linked(call, "images", settings),
    ]


def mask_of(call: Call, settings: Settings) -> bytes | None:
    """The mask of an edit, if it has one."""
    return next(
        (data for data in (*_uploaded(call, "mask"), *_linked(call, "mask", settings))), None
    )


def _uploaded(call: Call, name: str) -> Iterator[bytes]:
    for upload in call.form.files if call.form else ():
        if upload.name.removesuffix("[]") == name:
            yield _read(upload, name)


def _read(upload: Upload, param: str) -> bytes:
    if upload.size > MOST_BYTES:
        raise BadRequest(f"a picture may have {MOST_BYTES >> 20} MiB at most", param=param)
    upload.file.seek(0)
    return upload.file.read()


def _linked(call: Call, name: str, settings: Settings) -> Iterator[bytes]:
    value: Any = call.body.get(name) or ()
    for entry in value if isinstance(value, (list, tuple)) else (value,):
        source = {"image_url": entry} if isinstance(entry, str) else entry
        if source.get("image_url"):
            allowed = settings.allow_private_urls
            yield fetch(source["image_url"], allow_private=allowed, param=name)
        elif "filename" not in source:
            raise BadRequest(
                "files are not kept here: send the picture itself, or a link as 'image_url'",
                param=name,
            )
