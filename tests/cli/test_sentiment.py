"""``textcx sentiment`` as a shell meets it, with the shipped model."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from command_line import Finished, textcx
from places import SAMPLE

import textcx as library

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.analysis import Analysis

COMMAND = [sys.executable, "-m", "textcx", "sentiment"]
SAID = "zebra marmalade"


def sentiment(*arguments: str | Path, stdin: bytes = b"") -> Finished:
    return textcx("sentiment", *arguments, stdin=stdin)


def test_standard_input_is_answered_line_by_line_and_broken_lines_are_told_by_the_exit_code() -> None:
    stdin = b'{"id": "a", "text": "The staff were lovely."}\n{"' + SAID.encode() + b'\n{"id": "b", "text": ""}\r\n'
    run = sentiment("-", "--segments", stdin=stdin)
    assert run.returncode == 3, run.stderr
    first, second, third = map(json.loads, run.stdout.splitlines())
    assert (first["id"], first["label"], len(first["segments"])) == ("a", "positive", 1)
    assert (second["line"], second["error"]["code"]) == (2, "not_json")
    assert third["reason"] == "empty"
    assert "2 records scored, 1 line failed" in run.stderr
    assert SAID not in run.stdout + run.stderr


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdin
        assert run.stdout
        assert run.stderr
        run.stdin.write(b'{"text": "one"}\n')
        run.stdin.flush()
        assert b"line-1" in run.stdout.readline()  # answered while the input is still open
        run.stdout.close()
        run.stdin.write(b'{"text": "two"}\n')
        run.stdin.flush()
        assert run.wait(180) == 0
        assert run.stderr.read() == b""


def test_an_interrupted_run_says_so_and_leaves_what_was_scored(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    command = [*COMMAND, "-", "--out", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdin
        assert run.stderr
        run.stdin.write(b'{"text": "one"}\n')
        run.stdin.flush()
        partial = tmp_path / "out.jsonl.partial"
        while run.poll() is None and not (partial.exists() and partial.stat().st_size):
            time.sleep(0.02)  # no event announces the first line
        run.send_signal(signal.SIGINT)
        assert run.wait(180) == 130
        assert b"out.jsonl.partial" in run.stderr.read()
    assert json.loads(partial.read_bytes())["id"] == "line-1"
    assert not out.exists()


def test_a_wrong_column_or_a_missing_file_is_explained_in_one_line(tmp_path: Path) -> None:
    run = sentiment(SAMPLE, "--text-column", "coment")
    assert run.returncode == 2
    assert "Did you mean 'comment'" in run.stderr
    run = sentiment(tmp_path / "missing.jsonl")
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


def test_the_library_gives_the_same_items_as_the_command_line() -> None:
    records = [{"id": 7, "text": "The staff were lovely. The room was filthy!"}, {"id": 8, "text": 5}, {"text": "ok"}]
    run = sentiment("-", "-q", "--segments", stdin="\n".join(map(json.dumps, records)).encode())
    assert library.sentiment(records, segments=True) == [json.loads(line) for line in run.stdout.splitlines()]
    assert library.sentiment(["ok"]) == [{**library.sentiment([records[2]])[0], "id": "line-1"}]
    assert library.sentiment([]) == []


def test_it_says_the_same_of_the_sample_as_analyze_does(sample_analysis: Analysis) -> None:
    names = ("label", "polarity", "p_negative", "p_neutral", "p_positive", "mixed", "confident", "windows")
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        given = [{"id": row["feedback_id"], "text": row["comment"]} for row in csv.DictReader(lines)]
    known = {row["record_id"]: tuple(row[name] for name in names) for row in sample_analysis.records.to_dicts()}
    said = {}
    for item in library.sentiment(given):
        if item["id"] in known:
            item |= {f"p_{label}": p for label, p in item["probabilities"].items()}
            said[item["id"]] = tuple(item[name] for name in names)
    assert len(said) > 300
    assert said == {key: known[key] for key in said}
