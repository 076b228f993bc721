"""``%%nexhina speak``, ``%nexhina transcribe`` and ``%nexhina translate``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from nexhina_nb.client import TranscriptReply
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.commands import files, recordings
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.growth import Growth
from nexhina_nb.magics.commands.hearing import Hear, hear_column
from nexhina_nb.magics.commands.inputs import whole_text
from nexhina_nb.magics.commands.transcripts import (
    NO_TIMES,
    TIMED,
    bundle,
    data_of,
    lacks_times,
    unfinished,
)
from nexhina_nb.magics.display import Live, Note, Remark
from nexhina_nb.magics.options import Hearing, Speak, Transcribe, Translate
from nexhina_nb.magics.state import Context

SPOKEN = {
    ".mp3": "mp3", ".opus": "opus", ".ogg": "opus", ".aac": "aac", ".flac": "flac", ".wav": "wav",
    ".pcm": "pcm",
}  # fmt: skip
WRITTEN = {".txt": "text", ".md": "text", ".srt": "srt", ".vtt": "vtt", ".json": "json"}


def speak(context: Context, args: Speak, body: str) -> Note | None:
    """A text → a sound."""
    text = whole_text(context, args, body, "text", "say")
    place, kind = files.target(args.save, SPOKEN, args.format)
    model = args.model or context.settings.speak_model
    if (note := priced(context, args, partial(price, "speak", text, model=model))) is not None:
        return note
    given = {"voice": args.voice, "format": kind}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options |= {"model": model, "speed": args.speed, "instructions": args.instructions}
    client, watch = connect(context), Stopwatch()
    reply = client.speak(text, stream=False, **options)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    context.screen.show(reply, watch.facts())
    if place is not None:
        files.tell(context, [reply.save(place)])
    return None


def transcribe(context: Context, args: Transcribe) -> Note | None:
    """A recording → its text. Raises Stopped when interrupted: what came by then is shown and
    kept.
    """
    options = {"language": args.language, "prompt": args.prompt, "words": args.words}
    hear = Hear("transcribe", _model(context, args), options)
    return _written(context, args, hear, streams=_streams(context, args))


def translate(context: Context, args: Translate) -> Note | None:
    """A recording → its text in English."""
    hear = Hear("translate", _model(context, args), {"prompt": args.prompt})
    return _written(context, args, hear, streams=False)


def _model(context: Context, args: Hearing) -> str:
    return args.model or context.settings.transcribe_model


def _streams(context: Context, args: Transcribe) -> bool:
    """Whether the text may come in pieces: its times only come with the whole."""
    suffix = Path(args.save or "").suffix.lower()
    is_timed = args.words or args.format in TIMED or suffix in (".srt", ".vtt", ".json")
    return context.settings.stream and not args.no_stream and not is_timed


def _written(context: Context, args: Hearing, hear: Hear, *, streams: bool) -> Note | None:
    if args.frame is not None:
        return _column(context, args, hear)
    if args.column is not None:
        raise BadInput("--column needs --from", hint="name the frame that has the column")
    if args.file is None:
        raise BadInput(f"{hear.verb} needs a FILE", hint="a path, or a variable; or --from FRAME")
    recording = recordings.find(context.names, args.file)
    place, _ = files.target(args.save, WRITTEN)
    if (note := priced(context, args, partial(hear.estimate, recording))) is not None:
        return note
    reply = _heard(context, args, hear, recording, streams)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    if place is not None:
        files.tell(context, [reply.save(place)])
    return None


def _column(context: Context, args: Hearing, hear: Hear) -> Note | None:
    for name in ("file", "format", "save", "words"):
        if getattr(args, name, None):
            flag = "a FILE" if name == "file" else f"--{name}"
            raise BadInput(f"{flag} and --from do not go together", hint="leave one of them out")
    return hear_column(context, args, hear)


def _heard(
    context: Context, args: Hearing, hear: Hear, recording: Any, streams: bool
) -> TranscriptReply:
    client, watch = connect(context), Stopwatch()
    live = context.screen.live() if streams else Live(context.screen)
    if streams:
        growth = Growth(context, live, args.out, data_of, partial(unfinished, hear.model))
        reply: TranscriptReply = growth.follow(partial(hear.send, client, recording, stream=True))
    else:
        reply = hear.send(client, recording)
    form = args.format or ("words" if getattr(args, "words", False) else "text")
    live.end(bundle(reply, form, **watch.facts()))
    if lacks_times(reply, form):
        context.screen.show(Remark(NO_TIMES))
    return reply
