"""Eyes and ears of the chat engine: the other built-in engines, asked about parts that are no text.

They are loaded when the first picture or sound comes: most chats have none.
"""

from __future__ import annotations

import base64
import binascii
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nexhina_nb.engines import sound
from nexhina_nb.errors import BadRequest

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look

LONGEST_SOUND = 600.0  # seconds of one part that are listened to


def see(url: str, param: str) -> Look | None:
    """What a data URI shows; None for a link, whose bytes nobody has brought.

    Raises BadRequest naming ``param`` for what is no picture.
    """
    head, _, content = url.partition(",")
    if not head.lower().startswith("data:"):
        return None
    if not head.lower().endswith(";base64"):
        content = ""
    from nexhina_nb.engines.vision import look  # noqa: PLC0415 - it brings Pillow

    try:
        return look(_decoded(content, param, "invalid_image_url"))
    except BadRequest as error:
        raise BadRequest(error.message, code="invalid_image_url", param=param) from error


def hear(data: str, param: str) -> str:
    """The words that a sound says, as far as they are recognised; ``data`` is base64 of a file.

    Raises BadRequest naming ``param`` for what is no sound, NotOffered without the extra.
    """
    content = _decoded(data, param, "invalid_value")
    from nexhina_nb.engines.transcription import transcribe  # noqa: PLC0415 - it brings NumPy

    with tempfile.TemporaryDirectory(prefix="nexhina-") as folder:
        file = Path(folder, "sound")
        file.write_bytes(content)
        try:
            heard = sound.decode(file, most_seconds=LONGEST_SOUND)
        except BadRequest as error:
            raise BadRequest(error.message, code=error.code, param=param) from error
    return " ".join(segment.text.strip() for segment in transcribe(heard)).strip()


def _decoded(text: str, param: str, code: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise BadRequest(f"'{param}' must hold base64", code=code, param=param)
    return content
