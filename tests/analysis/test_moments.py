from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nexhina_nb.analysis.moments import is_zone, local_zone, parse
from nexhina_nb.errors import BadInput

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts).astimezone(UTC)  # type: ignore[arg-type]


def test_what_people_write() -> None:
    assert parse(None) is None
    assert parse("7d", now=NOW) == NOW - timedelta(days=7)
    assert parse("30m", now=NOW) == NOW - timedelta(minutes=30)
    assert parse(" 2026-03-04 ") == parse(date(2026, 3, 4)) == local(2026, 3, 4)
    assert parse("2026-03-04", is_end=True) == local(2026, 3, 5)
    assert parse("2026-03-04T12:30", is_end=True) == local(2026, 3, 4, 12, 30)
    assert parse("2026-03-04T12:30+01:00") == datetime(2026, 3, 4, 11, 30, tzinfo=UTC)
    assert parse("2026-03-04T12:00Z") == NOW
    assert parse(datetime(2026, 3, 4, 13, tzinfo=ZoneInfo("Europe/Zurich"))) == NOW


@pytest.mark.parametrize("text", ["", "soon", "d", "-1d", "7y", "2026-13-01", "99999999w"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadInput, match="is not a moment"):
        parse(text)
    with pytest.raises(BadInput, match="is not a moment"):
        parse(date.max, is_end=True)


def test_the_local_zone(tmp_path: Path) -> None:
    (tmp_path / "zoneinfo" / "Europe").mkdir(parents=True)
    zurich = tmp_path / "zoneinfo" / "Europe" / "Zurich"
    zurich.touch()
    link = tmp_path / "localtime"
    link.symlink_to(zurich)
    assert local_zone({}, link) == "Europe/Zurich"
    assert local_zone({"TZ": ":Asia/Tokyo"}, link) == "Asia/Tokyo"
    assert local_zone({"TZ": "nonsense"}, link) == "Europe/Zurich"
    assert local_zone({"TZ": "Etc/UTC"}, link) == "UTC"
    assert local_zone({"TZ": ":/etc/localtime"}, link) == "Europe/Zurich"
    assert local_zone({}, tmp_path / "none") == local_zone({}, tmp_path / "nowhere")


def test_a_zone_of_some_systems_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "zoneinfo" / "posix" / "Asia"
    folder.mkdir(parents=True)
    (folder / "Tokyo").touch()
    link = tmp_path / "localtime"
    link.symlink_to(folder / "Tokyo")
    assert local_zone({}, link) == "Asia/Tokyo"


def test_zones() -> None:
    assert is_zone("Europe/Zurich")
    assert is_zone("Etc/GMT-1")
    # Files of the system that Python opens, and polars has never heard of.
    for name in ("localtime", "posix/Europe/Zurich", "Factory", "nowhere", "", "../passwd", "/etc"):
        assert not is_zone(name)
