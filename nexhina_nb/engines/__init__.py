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
                "tools, looks at the pixels of pictures, listens to English speech, speaks its "
                "answer, and says so when it cannot help."
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
        EngineInfo(
            model="local/moderate",
            target="nexhina_nb.engines.moderation:moderate",
            endpoint_types=("moderations",),
            description=(
                "Word rules with context and two small linear models score thirteen categories, "
                "mostly for English. It misses much that is worded unusually, and never flags a "
                "picture, of which it sees the colours alone. Not a safety guard."
            ),
            context_length=32_768,
        ),
        EngineInfo(
            model="local/image",
            target="nexhina_nb.engines.images:draw",
            endpoint_types=("image-generation",),
            description=(
                "Pictures computed from the words of a prompt: landscapes, shapes, charts, "
                "lettering and patterns that it knows by name, else an abstract picture. Nothing "
                "is learned; the same prompt, size and seed give the same picture."
            ),
            context_length=0,
        ),
        EngineInfo(
            model="local/speak",
            target="nexhina_nb.engines.speech:speak",
            endpoint_types=("audio-speech",),
            description=(
                "Speech by espeak-ng: plainly a machine, in about a hundred languages. OpenAI's "
                "voice names are thirteen of its voices and do not sound like OpenAI's; where "
                "flite is installed, its recorded English voices as well."
            ),
            context_length=0,
            requires=("espeakng_loader",),
        ),
        EngineInfo(
            model="local/transcribe",
            target="nexhina_nb.engines.transcription:transcribe",
            endpoint_types=("audio-transcription",),
            description=(
                "English speech to lower-case text by pocketsphinx: about 6 to 9 words in 100 "
                "wrong for a clear voice reading plain sentences, far more for accents, noise, "
                "music, names or synthetic voices. It ignores prompts."
            ),
            context_length=0,
            requires=("pocketsphinx", "av"),
        ),
        EngineInfo(
            model="local/video",
            target="nexhina_nb.engines.video:film",
            endpoint_types=("openai-video",),
            description=(
                "Short films without sound, computed from the words of a prompt: what local/image "
                "would draw, set in motion, as H.264 MP4 of 1 to 60 seconds."
            ),
            context_length=0,
            requires=("av",),
        ),
    )
}
