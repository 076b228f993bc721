"""espeak-ng through its C interface, from the package espeakng-loader.

The library keeps state from call to call, the phase of its waves among it, which nothing resets.
So each sentence gets a library fresh from the disk, which costs some milliseconds: what is said
does not depend on what was said before, and nothing is held between two sentences.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count, takewhile
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines.sound import Sound
from nexhina_nb.engines.sound.samples import from_bytes
from nexhina_nb.engines.sound.stretching import stretched
from nexhina_nb.errors import InternalError, NotOffered

if TYPE_CHECKING:
    from nexhina_nb.engines.speech.voices import Timbre

if sys.platform == "win32":
    from _ctypes import FreeLibrary as _unload
else:
    from _ctypes import dlclose as _unload

RATE = 22_050
_USUAL_WORDS = 175  # a minute
_FEWEST_WORDS = 80  # espeak-ng speaks no slower
# Names of speak_lib.h
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_WORDS_A_MINUTE, _PITCH, _RANGE = 1, 3, 4
_CHARACTERS, _UTF8, _END_PAUSE = 1, 1, 0x1000
_ONE_AT_A_TIME = threading.Lock()
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # priority byte, code, NUL; only the first is read here
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


@cache
def languages() -> dict[str, str]:
    """The codes of the languages that it speaks → the files that hold them."""
    with _library() as library:
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = library.espeak_ListVoices(None)
        voices = (entry.contents for entry in takewhile(bool, map(listed.__getitem__, count())))
        return {
            ctypes.string_at(voice.languages + 1).decode(): voice.identifier.decode()
            for voice in voices
        }


def say(sentence: str, language: str, timbre: Timbre, speed: float) -> Sound:
    """One sentence and the pause after it."""
    heard = bytearray()

    def take(samples: Any, length: int, _: int | None) -> int:
        if length > 0:
            heard.extend(ctypes.string_at(samples, 2 * length))
        return 0

    callback = _Callback(take)  # kept until the library is gone
    voice = languages()[language] + (f"+{timbre.variant}" if timbre.variant else "")
    words = _USUAL_WORDS * speed
    text = sentence.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    with _library() as library:
        library.espeak_SetSynthCallback(callback)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise InternalError(f"espeak-ng does not load its voice {voice!r}")
        library.espeak_SetParameter(_WORDS_A_MINUTE, max(round(words), _FEWEST_WORDS), 0)
        library.espeak_SetParameter(_PITCH, timbre.pitch, 0)
        library.espeak_SetParameter(_RANGE, timbre.range, 0)
        size, flags = ctypes.c_size_t(len(text)), _UTF8 | _END_PAUSE
        library.espeak_Synth(text, size, 0, _CHARACTERS, 0, flags, None, None)
    said = from_bytes(heard, RATE)
    return stretched(said, _FEWEST_WORDS / words) if words < _FEWEST_WORDS else said


@contextmanager
def _library() -> Iterator[ctypes.CDLL]:
    loader = _loader()
    with _ONE_AT_A_TIME:
        library = ctypes.CDLL(loader.get_library_path())
        try:
            data = loader.get_data_path().encode()
            if library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT) != RATE:
                raise InternalError("espeak-ng does not start")
            yield library
        finally:
            library.espeak_Terminate()
            _unload(library._handle)


@cache
def _loader() -> ModuleType:
    try:
        import espeakng_loader  # noqa: PLC0415 - an extra, only wanted to speak
    except ImportError:
        raise NotOffered(
            "speech is made by espeak-ng, which is not installed",
            hint='pip install "nexhina_nb[local]"',
        ) from None
    return espeakng_loader  # type: ignore[no-any-return]
