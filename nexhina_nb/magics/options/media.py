"""Options of the verbs of pictures, sound and film."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.magics.options.base import (
    Call,
    CellCall,
    Command,
    Kind,
    column_row,
    frame_row,
    no_cache_row,
    row,
    save_row,
)

_NO_WAIT = "--no-wait"


@dataclass(frozen=True, slots=True)
class Image(CellCall):
    """Options of image."""

    size: str | None = row(Kind.SIZE, "size in pixels, such as 1024x1024, or auto", "--size")
    count: int | None = row(Kind.INTEGER, "how many pictures, 1 unless given", "-n")
    quality: str | None = row(
        Kind.CHOICE,
        "how much care is taken; each model knows some of these",
        "--quality",
        choices=("standard", "hd", "low", "medium", "high", "xhigh", "max", "auto"),
    )
    format: str | None = row(
        Kind.CHOICE,
        "what the picture is, where the model can; that of --save unless given",
        "--format",
        choices=("png", "jpeg", "webp"),
    )
    seed: int | None = row(Kind.INTEGER, "same seed, same picture, where the model can", "--seed")
    background: str | None = row(
        Kind.CHOICE,
        "what is behind the subject, where the model can",
        "--background",
        choices=("transparent", "opaque", "auto"),
    )
    edit: tuple[str, ...] = row(
        Kind.PICTURE, "picture to change as the prompt says; may be repeated", "--edit",
        repeated=True,
    )  # fmt: skip
    mask: str | None = row(
        Kind.PICTURE, "picture whose transparent part is what --edit may change", "--mask"
    )
    partial: int | None = row(
        Kind.INTEGER, "show so many unfinished pictures (0 to 3) while it is made", "--partial"
    )
    save: str | None = save_row(".png, .jpg or .webp")


@dataclass(frozen=True, slots=True)
class Speak(CellCall):
    """Options of speak."""

    voice: str | None = row(Kind.TEXT, "who speaks, alloy unless given", "--voice", metavar="NAME")
    speed: float | None = row(Kind.NUMBER, "how fast, from 0.25 to 4; 1 is usual", "--speed")
    instructions: str | None = row(
        Kind.TEXT, "how to speak, for models that listen to it", "--instructions"
    )
    format: str | None = row(
        Kind.CHOICE,
        "what the sound is; that of --save unless given, else mp3",
        "--format",
        choices=("mp3", "opus", "aac", "flac", "wav", "pcm"),
    )
    save: str | None = save_row(".mp3, .opus, .aac, .flac, .wav or .pcm")


@dataclass(frozen=True, slots=True)
class Hearing(Call):
    """What both ways of writing down a recording have in common."""

    file: str | None = row(
        Kind.FILE, "the recording: a path, or a variable that holds its bytes or a reply of speak"
    )
    prompt: str | None = row(Kind.TEXT, "names and words that are likely in it", "--prompt")
    format: str | None = row(
        Kind.CHOICE,
        "show the text alone, or with the times of its parts: as subtitles, or as a list",
        "--format",
        choices=("text", "srt", "vtt", "segments"),
    )
    save: str | None = save_row(".txt, .md, .srt, .vtt or .json")
    frame: str | None = frame_row("paths of recordings")
    column: str | None = column_row()
    no_cache: bool = no_cache_row()


@dataclass(frozen=True, slots=True)
class Transcribe(Hearing):
    """Options of transcribe."""

    language: str | None = row(
        Kind.TEXT, "language that is spoken, such as en; it helps the model", "--language"
    )
    words: bool = row(Kind.FLAG, "ask for the time of every word", "--words")
    no_stream: bool = row(Kind.FLAG, "show the text when it is complete", "--no-stream")


@dataclass(frozen=True, slots=True)
class Translate(Hearing):
    """Options of translate."""


@dataclass(frozen=True, slots=True)
class Video(CellCall):
    """Options of video."""

    seconds: int | None = row(Kind.INTEGER, "how long it shall be, in seconds", "--seconds")
    size: str | None = row(Kind.SIZE, "size in pixels, such as 1280x720", "--size")
    image: str | None = row(Kind.PICTURE, "picture to begin with", "--image")
    seed: int | None = row(Kind.INTEGER, "same seed, same video, where the model can", "--seed")
    no_wait: bool = row(
        Kind.FLAG, "give the VideoJob at once, while the gateway makes the video", _NO_WAIT
    )
    save: str | None = save_row(".mp4")


@dataclass(frozen=True, slots=True)
class EarlierVideo(Command):
    """Arguments of video in a line."""

    id: str | None = row(
        Kind.TEXT, "id of the video, or a variable that holds its job", metavar="ID", required=True
    )
    no_wait: bool = row(Kind.FLAG, "say how far it is, and do not wait for it", _NO_WAIT)
    out: str | None = row(Kind.NEW_NAME, "variable to put the VideoJob into", "-o", "--out")
    save: str | None = save_row(".mp4")
