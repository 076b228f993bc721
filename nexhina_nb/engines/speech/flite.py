"""flite, a small synthesiser of recorded English voices, where the system has its program."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unicodedata
from pathlib import Path

from nexhina_nb.engines.sound import HEARD_RATE, Sound, decode, silence
from nexhina_nb.errors import InternalError

VOICES = ("slt", "awb", "rms", "kal16")
_LONGEST = 30  # seconds of computing; a sentence takes a twentieth of one
_PAUSE = 0.25  # seconds, for a sentence of which nothing is left
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def installed() -> bool:
    return shutil.which("flite") is not None


def say(sentence: str, voice: str, speed: float) -> Sound:
    """One sentence; what is not of the Latin alphabet is left out, for flite would spell bytes."""
    plain = unicodedata.normalize("NFKD", sentence.translate(_PLAIN)).encode("ascii", "ignore")
    if not any(map(str.isalnum, plain.decode("ascii"))):
        return silence(_PAUSE, HEARD_RATE)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "text", Path(folder) / "speech.wav"
        source.write_bytes(plain)  # not an argument: everybody can read those of a process
        stretch = f"duration_stretch={1 / speed:.4f}"
        files = ["-f", str(source), "-o", str(target)]
        try:
            subprocess.run(
                ["flite", "-voice", voice, "--setf", stretch, *files],
                check=True,
                capture_output=True,
                timeout=_LONGEST,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise InternalError("flite could not speak a sentence") from error
        return decode(target, rate=HEARD_RATE)
