"""Pack the two OpenAI vocabularies into the package, so that tokens are counted without a download.

    python scripts/pack_vocabularies.py FOLDER

FOLDER is a tiktoken cache (what ``TIKTOKEN_CACHE_DIR`` points to): files named by the SHA-1 of the
address they came from. The packed form is one length byte and the token's bytes, rank by rank,
xz-compressed; it is a quarter of the original, because the ranks are consecutive and base64 is
gone. Prints the SHA-256 of the expanded bytes, which `nexhina_nb/pricing/vocabulary.py` holds to
check what it loads.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import sys
from pathlib import Path

DATA = Path(__file__).parents[1] / "nexhina_nb" / "pricing" / "data"
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
# SHA-256 of the published files, as tiktoken itself pins them
PUBLISHED = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def source(folder: Path, name: str) -> bytes:
    """The published file of one vocabulary, from a tiktoken cache; its hash is checked."""
    data = (folder / hashlib.sha1(ADDRESS.format(name).encode()).hexdigest()).read_bytes()
    if hashlib.sha256(data).hexdigest() != PUBLISHED[name]:
        raise SystemExit(f"{name}: the file in {folder} is not the published one")
    return data


def expand(published: bytes) -> bytes:
    """Lines ``base64 rank`` → length byte and token, in order of rank."""
    packed = bytearray()
    for position, line in enumerate(published.splitlines()):
        text, rank = line.split()
        token = base64.b64decode(text)
        if int(rank) != position or not 0 < len(token) < 256:
            raise SystemExit(f"rank {rank.decode()} at line {position}: this form cannot hold it")
        packed += bytes((len(token),)) + token
    return bytes(packed)


def main(folder: Path) -> None:
    """Write both vocabularies and print what the loader must know."""
    for name in PUBLISHED:
        plain = expand(source(folder, name))
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}]
        packed = lzma.compress(plain, check=lzma.CHECK_CRC32, filters=filters)
        (DATA / f"{name}.xz").write_bytes(packed)
        print(f"{name}: {len(packed):,} bytes, sha256 {hashlib.sha256(plain).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
