"""What every namer must do; run against each implementation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from chat_server import chatting, proposing
from fakes import FakeNamer

from textcx.engines.namers.openai import OpenAINamer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chat_server import Asked, Reply

    from textcx.ports import ThemeNamer

LATE, RUDE, SILENT = ["The parcel came late."], ["A rude waiter."], ["Blue is a colour."]
NAMES = {"parcel": ["Late parcels", "Delivery times"], "waiter": ["Rude waiters"]}


def _answer(asked: Asked) -> Reply:
    said = " ".join(asked.remarks)
    return proposing(*next((names for word, names in NAMES.items() if word in said), []))


@pytest.fixture(params=["fake", "OpenAI"])
def namer(request: pytest.FixtureRequest) -> Iterator[ThemeNamer]:
    if request.param == "fake":
        yield FakeNamer(NAMES)
        return
    with chatting(_answer) as server:
        yield OpenAINamer(url=server.url, model="small")


@pytest.mark.parametrize("titles", [True, False])
def test_every_group_has_its_proposals_in_order(namer: ThemeNamer, titles: bool) -> None:  # noqa: FBT001 - a parameter
    assert namer.propose([RUDE, SILENT, LATE], titles=titles) == [
        ["Rude waiters"],
        [],
        ["Late parcels", "Delivery times"],
    ]


def test_where_there_is_nothing_to_name_nobody_is_asked(namer: ThemeNamer) -> None:
    assert namer.propose([], titles=True) == []
    assert namer.propose([[]], titles=False) == [[]]
    assert namer.report()["asked"] == 0


def test_the_report_counts_and_can_be_written(namer: ThemeNamer) -> None:
    namer.propose([LATE, RUDE], titles=True)
    namer.accept(1)
    namer.propose([SILENT], titles=False)
    namer.accept(0)
    report = json.loads(json.dumps(namer.report()))
    assert (report["asked"], report["accepted"]) == (3, 1)
    assert report["model"]
    assert namer.notes() == ()
