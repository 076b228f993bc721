"""Looking at a picture: facts computed from its pixels, and nothing that they do not show.

No objects are recognised and no text is read. What is told are sizes, colours, light, layout, and
plain shapes where they stand on a plain ground.
"""

from __future__ import annotations

from nexhina_nb.engines.vision.looking import Look, look

__all__ = ["Look", "look"]
