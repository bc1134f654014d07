"""A language model behind a real server, which answers well, badly, late or not at all."""

from __future__ import annotations

import json
import logging
import threading

import pytest
from chat_server import Asked, Reply, chatting, closed_port, proposing, saying

from textcx.engines.namers.openai import AT_ONCE, PATIENCE, PROMPT_VERSION, OpenAINamer

GROUPS = [[f"The parcel {number} came late."] for number in range(12)]
BAD = {
    "nothing": Reply(()),
    "prose": saying("I am sorry, but I cannot help with that."),
    "a web page": Reply((b"<html>Welcome</html>",)),
    "no text": saying(None),
    "parts": saying([{"type": "text", "text": "{}"}]),
    "another key": saying('{"titles": ["Late parcels"]}'),
    "numbers": saying('{"answers": [1, 2, 3]}'),
    "a text": saying('{"answers": "Late"}'),
    "a table in a list": saying('{"answers": [{"title": "Late"}]}'),
    "no choice": Reply((b'{"choices": []}',)),
    "a list": Reply((b"[]",)),
    "deep nesting": Reply((b"[" * 200_000,)),
    "no UTF-8": Reply((b'{"choices": "\xff\xfe"}',)),
    "too much": Reply((b" " * 700_000, b" " * 700_000)),
    "an error": Reply((b'{"error": "The parcel 1 came late."}',), status=500),
    "no such model": Reply((), status=404),
    "a refusal": Reply((), status=401),
    "another place": Reply((), status=307, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
    "silence": Reply((), seconds=0.3),
    "a trickle": Reply((b" ",) * 8, apart=0.03),
    "a short body": Reply((b"{}",), headers={"Content-Length": "100"}),
}


@pytest.mark.parametrize("kind", BAD)
def test_whatever_a_server_does_there_are_no_proposals_one_note_and_soon_no_more_requests(kind: str) -> None:
    with chatting(BAD[kind]) as server:
        namer = OpenAINamer(url=server.url, model="small", seconds=0.1)
        assert namer.propose(GROUPS, titles=True) == [[]] * len(GROUPS)
        assert namer.propose(GROUPS, titles=False) == [[]] * len(GROUPS)
    assert PATIENCE <= len(server.asked) < PATIENCE + AT_ONCE
    assert namer.report()["asked"] == len(server.asked)
    (note,) = namer.notes()
    assert "not asked any more" in note
    assert "parcel" not in note


def test_a_server_that_is_not_there_is_asked_a_few_times_only() -> None:
    for url in (closed_port(), "http://192.168.1.300:80/v1"):
        namer = OpenAINamer(url=url, model="small", seconds=0.2)
        assert namer.propose(GROUPS, titles=True) == [[]] * len(GROUPS)
        assert namer.report()["asked"] < PATIENCE + AT_ONCE
        assert "no connection to the server" in namer.notes()[0]


def test_single_failures_cost_only_their_own_groups() -> None:
    def answer(asked: Asked) -> Reply:
        broken = any(f" {number} " in asked.remarks[0] for number in (1, 5, 9))
        return Reply((), status=503) if broken else proposing("Late parcels")

    with chatting(answer) as server:
        namer = OpenAINamer(url=server.url, model="small")
        found = [answers for group in GROUPS for answers in namer.propose([group], titles=True)]
    assert [number for number, answers in enumerate(found) if not answers] == [1, 5, 9]
    assert len(server.asked) == len(GROUPS)
    (note,) = namer.notes()
    assert "3 of 12 groups (the last time: HTTP status 503)." in note


def test_the_request_holds_a_few_quotes_cut_and_nothing_else() -> None:
    remarks = [f"{number} parcels\n\tcame late \ud800. " + "x" * 1000 for number in range(20)]
    with chatting(proposing("Late parcels")) as server:
        namer = OpenAINamer(url=f"{server.url}/", model="small", key="k\u00e9y", seed=7)
        assert namer.propose([remarks], titles=True) == [["Late parcels"]]
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert len(asked.remarks) == 8
    assert all(len(shown) == 300 for shown in asked.remarks)
    assert asked.remarks[3].startswith("3 parcels came late \ud800. xxx")
    assert (asked.body["model"], asked.body["temperature"], asked.body["seed"]) == ("small", 0, 7)
    assert asked.body["response_format"] == {"type": "json_object"}
    assert asked.headers["Authorization"].encode("latin-1").decode() == "Bearer k\u00e9y"
    assert "eight words" in asked.body["messages"][0]["content"]


def test_without_a_key_none_is_sent() -> None:
    with chatting(proposing()) as server:
        OpenAINamer(url=server.url, model="small").propose([["Late."]], titles=False)
    assert "Authorization" not in server.asked[0].headers


def test_answers_are_read_out_of_what_stands_around_them_and_put_in_shape() -> None:
    given = json.dumps(
        {"answers": [' "Late  parcels." ', "Late parcels", "", "x" * 101, "Wrong place", "Third", "Fourth"]}
    )
    said = f"<think>{{maybe}} late?</think>\nHere you are:\n```json\n{given}\n```"
    with chatting(saying(said)) as server:
        namer = OpenAINamer(url=server.url, model="small")
        assert namer.propose([["Late."]], titles=True) == [["Late parcels", "Wrong place", "Third"]]
    assert namer.notes() == ()


def test_a_server_that_knows_no_options_is_asked_without_them_from_then_on() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply((), status=400) if "temperature" in asked.body else proposing("Late parcels")

    with chatting(answer) as server:
        namer = OpenAINamer(url=server.url, model="small")
        for group in GROUPS[:3]:
            assert namer.propose([group], titles=True) == [["Late parcels"]]
    assert ["temperature" in asked.body for asked in server.asked] == [True, False, False, False]
    assert namer.report()["asked"] == 3
    assert namer.notes() == ()


def test_no_more_than_a_few_groups_are_asked_about_at_a_time() -> None:
    together, turn = [0, 0], threading.Lock()
    full = threading.Barrier(AT_ONCE)

    def answer(_: Asked) -> Reply:
        with turn:
            together[0] += 1
            together[1] = max(together)
        full.wait(10)
        with turn:
            together[0] -= 1
        return proposing("Late parcels")

    with chatting(answer) as server:
        namer = OpenAINamer(url=server.url, model="small")
        assert namer.propose(GROUPS, titles=True) == [["Late parcels"]] * len(GROUPS)
    assert together[1] == AT_ONCE


def test_the_report_holds_no_secret_of_the_address_and_nothing_of_the_texts_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), chatting(proposing("Late parcels")) as server:
        url = server.url.replace("//", "//ada:hush@") + "/secret?token=hush"
        namer = OpenAINamer(url=url, model="small", key="hush")
        namer.propose(GROUPS[:2], titles=True)
        namer.accept(1)
    assert server.asked[0].path == "/v1/secret/chat/completions?token=hush"
    assert namer.report() == {
        "server": f"http://127.0.0.1:{server.server_port}",
        "model": "small",
        "prompt_version": PROMPT_VERSION,
        "asked": 2,
        "accepted": 1,
        "accepted_share": 0.5,
    }
    assert "parcel" not in caplog.text.lower()
