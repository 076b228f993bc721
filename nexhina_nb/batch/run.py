"""One batch from its first request to its last, for callers that block."""

from __future__ import annotations

from collections.abc import Iterable

from nexhina_nb.batch import background
from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.progress import Report
from nexhina_nb.batch.runner import Answer, Part, Runner, Work
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.lines import open_line
from nexhina_nb.client.shell import Shell


def carry_out(
    work: Work[Part, Answer],
    parts: Iterable[Part],
    client: Shell,
    most: int,
    tally: Tally,
    report: Report,
) -> None:
    """Ask for all parts, ``most`` at once at most; ``report`` hears of it ten times a second.

    When this returns or raises, no call is under way any more.
    """

    async def main() -> None:
        async with open_line(client, most) as line:
            await Runner(work, line, Pace(most), tally).run(parts)

    background.run(main, lambda: report(tally.progress()))
