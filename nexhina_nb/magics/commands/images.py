"""``%%nexhina image``: a picture for a prompt, shown while it is made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nexhina_nb.client import ImageReply
from nexhina_nb.client.replies import printable
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.commands import files
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.inputs import given, whole_text
from nexhina_nb.magics.display import Bundle, Data, Note
from nexhina_nb.magics.options import Image
from nexhina_nb.magics.state import Context

KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
# Not every model can be told what to make, but this is what all of them make.
USUAL = "png"


def image(context: Context, args: Image, body: str) -> Note | None:
    """A prompt, and perhaps pictures → pictures."""
    prompt = whole_text(context, args, body, "prompt", "draw")
    if args.mask is not None and not args.edit:
        raise BadInput("--mask needs --edit", hint="name the picture that it belongs to")
    place, kind = files.target(args.save, KINDS, args.format)
    options = _options(context, args, kind)
    estimate = partial(
        price,
        "image",
        prompt,
        model=options["model"],
        n=1 if args.count is None else args.count,
        size=args.size or "",
        quality=args.quality or "",
    )
    if (note := priced(context, args, estimate)) is not None:
        return note
    reply = _make(context, args, prompt, options)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    if place is not None:
        files.tell(context, reply.save(place))
    return None


def _options(context: Context, args: Image, kind: str | None) -> dict[str, Any]:
    names = context.names
    return {
        "model": args.model or context.settings.image_model,
        "n": args.count,
        "size": args.size,
        "quality": args.quality,
        "format": kind if args.format or kind != USUAL else None,
        "background": args.background,
        "seed": args.seed,
        "edit": [given(names, picture) for picture in args.edit] or None,
        "mask": None if args.mask is None else given(names, args.mask),
    }


def _make(context: Context, args: Image, prompt: str, options: Mapping[str, Any]) -> ImageReply:
    client, live, watch = connect(context), context.screen.changing(), Stopwatch()
    if args.partial is None:
        reply: ImageReply = client.image(prompt, stream=False, **options)
    else:
        with client.image(prompt, stream=True, partial=args.partial, **options) as stream:
            for picture in stream:
                if picture.partial is not None:
                    live.write(partial(_data, picture))
        reply = stream.reply
    live.end(_bundle(reply, **watch.facts()))
    return reply


def _data(reply: ImageReply) -> Data:
    return _bundle(reply)[0]


def _bundle(reply: ImageReply, **facts: Any) -> Bundle:
    """The display of a picture; what it shows is told to those who cannot see it."""
    data, metadata = reply._repr_mimebundle_()
    metadata["nexhina"] |= facts
    alt = printable(reply.revised_prompt or reply.prompt)
    described = {kind: {"alt": alt} for kind in data if kind.startswith("image/")}
    return data, {**metadata, **described}
