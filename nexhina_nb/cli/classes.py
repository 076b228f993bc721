"""``nexhina class``: a code with a small quota for each student, and who did what with it."""

from __future__ import annotations

import csv
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.common import USD, current, json_option, opened, print_json, show, store_option
from nexhina_nb.cli.files import private
from nexhina_nb.cli.terms import changes, terms_options
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from nexhina_nb.store.codes import NewCode

_HEAD = ("student", "code", "usd")


@click.group("class")
def classes() -> None:
    """Classes: a code for each student, worth a small quota."""


@classes.command("create")
@click.option("--students", type=click.IntRange(1), required=True, help="How many.")
@click.option("--usd", type=USD, required=True, help="What each may spend, for example 0.50.")
@click.option("--name", default="", help="A name; class-YYYY-MM-DD unless given.")
@click.option("--out", type=click.Path(path_type=Path), help="CSV file to write the codes to.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@terms_options
@store_option
@json_option
def create_class(
    students: int,
    usd: Decimal,
    name: str,
    out: Path | None,
    force: bool,
    store: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a code for each student; the codes are shown this once.

    A student types `%nexhina redeem CODE` and has a key. --expires counts for the codes and for the
    keys. Example: nexhina class create --students 30 --usd 0.50 --out codes.csv
    """
    from nexhina_nb.pricing.cost import QUOTA_PER_USD
    from nexhina_nb.store.classes import create_class as create
    from nexhina_nb.store.terms import NEVER, Terms

    if out is not None and out.exists() and not force:
        raise BadInput(f"{out} is there already", hint="another name, or --force")
    name = name or time.strftime("class-%Y-%m-%d", time.gmtime())
    terms = Terms(**changes(given))
    expired_time = 0 if terms.expired_time == NEVER else terms.expired_time
    quota = int(usd * QUOTA_PER_USD)
    with opened(store) as found, found.writing() as connection:
        made = create(connection, name, students, quota, expired_time=expired_time, terms=terms)
        # Within the transaction: codes that cannot be handed out are not made.
        if out is not None:
            _write(out, made, usd)
    _say(name, made, usd, out, as_json=as_json)


def _write(file: Path, made: list[NewCode], usd: Decimal) -> None:
    with private(file) as part, part.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(_HEAD)
        writer.writerows((row.holder, row.code.reveal(), usd) for row in made)


def _say(name: str, made: list[NewCode], usd: Decimal, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        shown = [{"student": row.holder, "code": row.code.reveal()} for row in made]
        print_json({"name": name, "usd": str(usd), "students": len(made), "codes": shown})
    elif out is None:
        current().show_codes(_HEAD, [(row.holder, row.code, usd) for row in made])
    else:
        total = usd * len(made)
        click.echo(f"{len(made)} codes of {usd} USD ({total} USD in all) for {name}: {out}")


@classes.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """Every class, and how many have redeemed their code. Example: nexhina class list"""
    from nexhina_nb.store.classes import list_classes

    with opened(store) as found, found.reading() as connection:
        rows = list_classes(connection)
    columns = ("class", "students", "redeemed")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show(columns, rows, "No classes.")


@classes.command("report")
@click.argument("name", required=False)
@store_option
@json_option
def report(name: str | None, store: str | None, as_json: bool) -> None:
    """Who redeemed, and what each has spent and has left; of the newest class unless named.

    Example: nexhina class report spring
    """
    from nexhina_nb.pricing.cost import usd
    from nexhina_nb.store.classes import list_classes, report_class

    with opened(store) as found, found.reading() as connection:
        known = list_classes(connection)
        if not known and not name:
            raise BadInput("there is no class yet", hint="`nexhina class create` makes one")
        rows = report_class(connection, name or known[-1][0])
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    cells = [
        (row.student, row.state, str(usd(row.used)), str(usd(row.left)), row.calls,
         _moment(row.last_seen))
        for row in rows
    ]  # fmt: skip
    show(("student", "state", "used USD", "left USD", "calls", "last call"), cells, "")
    spent, left = sum(row.used for row in rows), sum(row.left for row in rows)
    click.echo(f"{len(rows)} students, {usd(spent)} USD used, {usd(left)} USD left")


@classes.command("close")
@click.argument("name")
@store_option
def close(name: str, store: str | None) -> None:
    """Switch off the codes and keys of a class; what was spent stays.

    Example: nexhina class close spring
    """
    from nexhina_nb.store.classes import close_class

    with opened(store) as found, found.writing() as connection:
        unused, keys = close_class(connection, name)
    click.echo(f"{name} is closed: {keys} keys and {unused} unused codes are off.")


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds)) if seconds else ""
