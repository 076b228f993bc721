"""The verbs of pictures, sound and film."""

from __future__ import annotations

from nexhina_nb.magics.options import (
    EarlierVideo,
    Image,
    Speak,
    Transcribe,
    Translate,
    Video,
)
from nexhina_nb.magics.verbs.base import Verb

MEDIA = (
    Verb(
        "image",
        "make a picture, or change one; the text below the line is the prompt",
        Image,
        "images:image",
        is_cell=True,
        body="prompt",
        details=(
            "The variable of --out holds a reply: .image is a picture of Pillow, .images holds "
            "the bytes of all of them. With --edit the prompt says what to change; --mask limits "
            "where."
        ),
        examples=(
            "%%nexhina image --size 512x512 -o cat\nA red cat on a sofa",
            "%%nexhina image --edit cat --save blue-cat.png\nMake the cat blue",
            "%%nexhina image -n 4 --seed 7\nA pattern of triangles",
        ),
    ),
    Verb(
        "speak",
        "say the text below the line",
        Speak,
        "sound:speak",
        is_cell=True,
        body="text",
        details=(
            "Shows a player. The variable of --out holds a reply: its .audio are the bytes of "
            "the sound, and %nexhina transcribe takes it as it is."
        ),
        examples=(
            "%%nexhina speak -o hello\nHello, and welcome.",
            "%%nexhina speak --voice nova --speed 1.2 --save notes.mp3\n{{notes}}",
        ),
    ),
    Verb(
        "transcribe",
        "write down what is said in a recording",
        Transcribe,
        "sound:transcribe",
        details=(
            "Put a path with blanks into quotes. The text appears as it comes, and is the text "
            "alone; --format srt, vtt or segments, --words and --save with such a suffix ask for "
            "times too, and wait for all of it. A frame with a column of paths gives the same "
            'kind of frame with one more column, "text". Equal recordings are sent once, and '
            "texts are kept on disk, so that running the cell again costs nothing."
        ),
        examples=(
            '%nexhina transcribe "my talk.wav" --language en -o talk',
            "%nexhina transcribe talk.mp3 --format srt --save talk.srt",
            "%nexhina transcribe --from df --column path -o texts",
        ),
    ),
    Verb(
        "translate",
        "write down in English what is said in a recording",
        Translate,
        "sound:translate",
        details="Takes what transcribe takes. The text is shown when it is complete.",
        examples=("%nexhina translate interview.mp3 -o english",),
    ),
    Verb(
        "video",
        "make a video; the text below the line is the prompt",
        Video,
        "video:video",
        is_cell=True,
        body="prompt",
        details=(
            "Shows how far it is, and then a player. The variable of --out holds a VideoJob from "
            "the beginning. Interrupting the cell ends the waiting only: the gateway goes on, "
            "and `%nexhina video ID` comes back to it, also from another kernel."
        ),
        examples=(
            "%%nexhina video --seconds 4 --size 640x360 -o film\nA sunrise over the sea",
            "%%nexhina video --no-wait -o film\nA sunrise over the sea",
        ),
        in_line=Verb(
            "video",
            "come back to a video that was asked for earlier",
            EarlierVideo,
            "video:earlier",
            examples=("%nexhina video video_123 --save sunrise.mp4", "%nexhina video film"),
        ),
    ),
)
