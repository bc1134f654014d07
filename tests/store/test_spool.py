from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from textcx.domain.errors import WrongUse
from textcx.store.spool import Spool, safe_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_only_the_owner_can_read_the_spool(spool: Spool) -> None:
    path = spool.path(spool.take([b"a", b"b"], name="x.csv", most_bytes=10).name)
    assert path.read_bytes() == b"ab"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == spool.directory.stat().st_mode & 0o777 == 0o700


def test_what_is_too_large_leaves_nothing(spool: Spool) -> None:
    with pytest.raises(WrongUse, match="more than 3 bytes"):
        spool.take([b"ab", b"cd"], name="x.csv", most_bytes=3)
    assert not list(spool.directory.iterdir())


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..", ".", "", "a/../../b.csv", "c:\\x\\y.csv", "\u202ename.csv", "x" * 400 + ".csv.gz", "\0"],
)
def test_a_file_name_never_leads_out_of_the_spool(spool: Spool, name: str) -> None:
    spooled = spool.take([b"a"], name=name, most_bytes=10)
    path = spool.path(spooled.name)
    assert path.resolve().parent.parent == spool.directory.resolve()
    assert len(path.name) <= 100


def test_the_suffix_that_tells_the_format_stays() -> None:
    assert safe_name("my reviews (1).csv.gz") == "my_reviews_1_.csv.gz"
    assert safe_name("x" * 400 + ".csv.gz").endswith(".csv.gz")


@pytest.mark.parametrize("name", ["", "a", "../x", "a/../../x", "a/b/c", "/etc/passwd", "a/.."])
def test_a_name_that_is_none_of_the_spool_is_refused(spool: Spool, name: str) -> None:
    with pytest.raises(WrongUse):
        spool.path(name)


def test_what_nobody_needs_is_swept_out_after_an_hour(spool: Spool) -> None:
    kept, old, new = (spool.take([b"a"], name="x.csv", most_bytes=10).name for _ in range(3))
    for name in (kept, old):
        for path in (spool.path(name), spool.path(name).parent):
            os.utime(path, (time.time() - 7200,) * 2)
    assert spool.sweep(keep={kept}) == 1
    assert spool.path(kept).exists()
    assert spool.path(new).exists()
    assert not spool.path(old).exists()
    spool.delete(kept)
    spool.delete(kept)
    assert not spool.path(kept).exists()
