"""Whoever installs with ``constraints.txt`` gets the versions that were tested, of every package."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[1]


def test_every_package_of_the_plain_and_the_service_install_has_its_version_pinned() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    waiting = [("textcx", "")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": each}) for each in ("", extra)):
                waiting += [(canonicalize_name(needed.name), each) for each in ("", *needed.extras)]
    names = {name for name, _ in seen} - {"textcx", "textcx-client"}
    assert len(names) > 80
    assert names <= pinned
