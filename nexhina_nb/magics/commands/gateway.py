"""``%nexhina gateway``: a gateway beside the kernel, found when one runs."""

from __future__ import annotations

from nexhina_nb import discovery
from nexhina_nb.gateway import process
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Gateway
from nexhina_nb.magics.state import Context

# The same words wherever the gateway comes from, so that a saved notebook does not change by it;
# the address is in the metadata and in `status`.
RUNS = "The gateway is running; cells use it by themselves."
NONE = "No gateway runs."


def gateway(context: Context, args: Gateway) -> Note | None:
    """Do what the action says. Raises GatewayNotRunning when it does not start."""
    assert args.action is not None
    if args.action == "status":
        return _status(context)
    note = _start(context) if args.action == "start" else _stop(context)
    context.screen.show(note)
    return None


def _start(context: Context) -> Note:
    running, child = process.start(context.settings)
    if child is not None:
        context.state.release()
        context.state.child = child
    facts = {"base_url": running.base_url, "pid": running.pid, "started": child is not None}
    return Note(_elsewhere(context) or RUNS, facts)


def _stop(context: Context) -> Note:
    child = context.state.child
    ended = process.stop(context.settings, child)
    if child is not None:
        context.state.release()
    return Note("The gateway has stopped.", {"pid": ended.pid}) if ended else Note(NONE)


def _status(context: Context) -> Note:
    running = discovery.find(context.settings.home)
    lines = [f"A gateway listens at {running.base_url} (process {running.pid})."] if running else []
    return Note("\n".join(filter(None, (*(lines or [NONE]), _elsewhere(context)))))


def _elsewhere(context: Context) -> str:
    url = context.base_url or context.settings.base_url
    return f"Cells talk to {url}: a base URL is set." if url else ""
