"""``%%nexhina video`` asks for a film and waits for it, ``%nexhina video ID`` comes back to one."""

from __future__ import annotations

import html
from functools import partial
from pathlib import Path

from nexhina_nb.client import VideoJob, VideoStatus
from nexhina_nb.errors import BadInput, NexhinaError, Stopped
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.magics.commands import files
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.inputs import given, whole_text
from nexhina_nb.magics.display import Data, Note
from nexhina_nb.magics.options import EarlierVideo, Video
from nexhina_nb.magics.state import Context

KINDS = {".mp4": "mp4", ".m4v": "mp4"}


def video(context: Context, args: Video, body: str) -> Note | VideoJob | None:
    """A prompt → a job, and unless told otherwise its film. Raises Stopped when interrupted: the
    gateway goes on.
    """
    prompt = whole_text(context, args, body, "prompt", "film")
    place, _ = files.target(args.save, KINDS)
    model = args.model or context.settings.video_model
    estimate = partial(
        price, "video", prompt, model=model, seconds=args.seconds, size=args.size or ""
    )
    if (note := priced(context, args, estimate)) is not None:
        return note
    image = None if args.image is None else given(context.names, args.image)
    job = connect(context).video(
        prompt, model=model, seconds=args.seconds, size=args.size, image=image, seed=args.seed
    )
    context.state.costs.append(job.cost)
    context.names.assign(args.out, job)
    if args.no_wait:
        context.screen.show(Note(_way_back(job)))
        return job
    _show(context, job, place)
    return None


def earlier(context: Context, args: EarlierVideo) -> VideoJob | None:
    """The job of an id → its film, or how far it is."""
    assert args.id is not None
    place, _ = files.target(args.save, KINDS)
    found = given(context.names, args.id)
    name = getattr(found, "id", found)
    if not isinstance(name, str):
        kind = kind_of(found)
        raise BadInput(f"{args.id} is no video but {kind}", hint="name a variable of its --out")
    job = found.refresh() if isinstance(found, VideoJob) else connect(context).video_job(name)
    context.names.assign(args.out, job)
    if args.no_wait and not job.done:
        return job
    _show(context, job, place)
    return None


def _way_back(job: VideoJob) -> str:
    return f'come back with %nexhina video {job.id} or job = client.video_job("{job.id}")'


def _show(context: Context, job: VideoJob, place: Path | None) -> None:
    """Show how far it is until the film takes that place."""
    live, watch = context.screen.changing(), Stopwatch()
    try:
        job.wait(report=lambda status: live.write(lambda: _bar(status)))
    except NexhinaError as error:
        live.end(({"text/plain": str(job.latest)}, {}))
        if not isinstance(error, Stopped):
            if not job.done:
                context.screen.show(Note(_way_back(job)))
            raise
        words = f"stopped waiting; the gateway goes on: {_way_back(job)}"
        raise Stopped(words, partial=job) from None
    data, metadata = job._repr_mimebundle_()
    metadata["nexhina"] |= watch.facts()
    live.end((data, metadata))
    if place is not None:
        files.tell(context, [job.save(place)])


def _bar(status: VideoStatus) -> Data:
    words = str(status)
    bar = f'<progress max="100" value="{status.progress}"></progress>'
    return {"text/html": f"<div>{bar} {html.escape(words)}</div>", "text/plain": words}
