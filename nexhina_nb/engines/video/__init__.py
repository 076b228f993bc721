"""Films computed from a prompt: the layers of a picture, set in motion and written as an MP4."""

from __future__ import annotations

from nexhina_nb.engines.video.filming import film
from nexhina_nb.engines.video.mp4 import Facts, facts, spritesheet, thumbnail

__all__ = ["Facts", "facts", "film", "spritesheet", "thumbnail"]
