"""Sounds, pictures and films inside a notebook: data URIs, and the HTML that plays them.

The bytes go into the notebook itself, so that it can be sent to somebody else; what is too large
for that is only told of.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from nexhina_nb.pricing.markup import escaped

LARGEST = 16 << 20  # bytes shown inside a notebook; more makes it slow to open and to save


def as_base64(data: bytes) -> str:
    """The bytes as text."""
    return base64.b64encode(data).decode("ascii")


def data_uri(data: bytes, media_type: str) -> str:
    """The bytes as a link that carries them."""
    return f"data:{media_type};base64,{as_base64(data)}"


def sound_type(data: bytes) -> str:
    """The media type of a sound, by its first bytes; MP3 if they say nothing."""
    known = {b"RIFF": "audio/wav", b"OggS": "audio/ogg", b"fLaC": "audio/flac"}
    is_adts = data[:1] == b"\xff" and len(data) > 1 and data[1] & 0xF6 == 0xF0
    return "audio/aac" if is_adts else known.get(data[:4], "audio/mpeg")


def player(tag: str, data: bytes, media_type: str, note: str) -> str:
    """An ``audio`` or ``video`` element, or the note alone if it would be too large."""
    if len(data) > LARGEST:
        return f"<p>{escaped(note)}: too large to be shown here; .save(path) keeps it</p>"
    source = data_uri(data, media_type)
    style = ' style="max-width:100%"' if tag == "video" else ""
    return f'<{tag} controls{style} src="{source}">{escaped(note)}</{tag}>'


def grid(pictures: Sequence[tuple[str, str]]) -> str:
    """Pictures (link and description) side by side."""
    cells = "".join(
        f'<img src="{html.escape(link)}" alt="{html.escape(alt)}" '
        'style="max-width:320px;flex:0 1 auto;min-width:0">'
        for link, alt in pictures
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{cells}</div>'


def size_of(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
