"""The built-in engines: every endpoint answered offline, by small programs that are honest about
what they are.
"""

from __future__ import annotations

from nexhina_nb.engines.base import EngineInfo

ENGINES: dict[str, EngineInfo] = {
    row.model: row
    for row in (
        EngineInfo(
            model="local/chat",
            target="nexhina_nb.engines.chat:complete",
            endpoint_types=("openai",),
            description=(
                "Teaching engine: a small rule program without world knowledge. It reads the "
                "context it is given, calculates, converts, sorts, makes tables and JSON, calls "
                "tools, and says so when it cannot help."
            ),
            context_length=32_768,
            max_output=4_096,
        ),
        EngineInfo(
            model="local/embed",
            target="nexhina_nb.engines.embeddings:embed",
            endpoint_types=("embeddings",),
            description=(
                "Static word-piece vectors distilled from all-MiniLM-L6-v2: quick, small, "
                "blind to word order."
            ),
            context_length=8_192,
            dimensions=256,
        ),
        EngineInfo(
            model="local/rerank",
            target="nexhina_nb.engines.rerank:rerank",
            endpoint_types=("jina-rerank",),
            description="BM25 blended with the similarity of local/embed.",
            context_length=8_192,
        ),
    )
}
