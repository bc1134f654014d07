from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from command_line import textcx
from places import SAMPLE

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "The parcel came two weeks late and nobody told me why"


def test_help_names_every_command() -> None:
    shown = subprocess.run([sys.executable, "-m", "textcx", "--help"], check=True, capture_output=True, text=True)
    for command in ("analyze", "sentiment", "inspect", "report", "verify", "evaluate", "train"):
        assert command in shown.stdout


@pytest.mark.parametrize("statement", ["import textcx", "from textcx import cli"])
def test_importing_loads_no_engine(statement: str) -> None:
    heavy = "{'torch', 'transformers', 'spacy', 'bertopic', 'presidio_analyzer', 'sklearn', 'polars'}"
    script = f"import sys; {statement}; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_unknown_flags_are_wrong_use() -> None:
    assert textcx("analyze", SAMPLE, "--outt", "x").returncode == 2


BAD_INPUTS = {
    "missing.csv": (None, 1, "missing.csv"),
    "empty.csv": (b"", 1, "empty"),
    "header.csv": (b"id,comment\n", 1, "header"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, 1, "picture.csv"),
    "numbers.csv": (b"a,b\n" + b"1,2\n3,4\n" * 20, 2, "text"),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_an_input_that_cannot_be_used_is_explained_in_one_line(name: str, tmp_path: Path) -> None:
    content, code, word = BAD_INPUTS[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    run = textcx("analyze", tmp_path / name, "--out", tmp_path / "out")
    assert run.returncode == code
    assert "Traceback" not in run.stderr
    assert word in run.stderr
    assert not (tmp_path / "out").exists()


def test_a_directory_as_input_is_explained(tmp_path: Path) -> None:
    run = textcx("analyze", tmp_path, "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "directory" in run.stderr


def test_a_missing_column_comes_with_the_nearest_name(tmp_path: Path) -> None:
    run = textcx("analyze", SAMPLE, "--out", tmp_path / "out", "--text-column", "coment")
    assert run.returncode == 2
    assert "no column 'coment'" in run.stderr
    assert "Did you mean 'comment'" in run.stderr


def test_a_wrong_model_is_told_before_the_input_is_read(tmp_path: Path) -> None:
    run = textcx("analyze", tmp_path / "missing.csv", "--out", tmp_path / "out", "--model", tmp_path / "nowhere")
    assert run.returncode == 1
    assert f"There is no directory {tmp_path}/nowhere" in run.stderr
    assert "missing.csv" not in run.stderr


def test_a_journey_that_does_not_ship_is_told_with_those_that_do_before_the_input_is_read(tmp_path: Path) -> None:
    run = textcx("analyze", tmp_path / "missing.csv", "--out", tmp_path / "out", "--journey", "travel")
    assert run.returncode == 2
    assert "there is no journey 'travel'; name auto, generic, app_software" in run.stderr
    assert "missing.csv" not in run.stderr


def test_an_existing_result_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    run = textcx("analyze", SAMPLE, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert "--overwrite" in run.stderr


def test_wrong_settings_are_listed_together(tmp_path: Path) -> None:
    run = textcx("analyze", SAMPLE, "--out", tmp_path / "out", "--limit", "0", "--seed", "-1")
    assert run.returncode == 2
    assert "limit" in run.stderr
    assert "seed" in run.stderr


def test_broken_lines_are_listed_and_told_by_the_exit_code(tmp_path: Path) -> None:
    lines = ["id,comment,stars"] + [f'{index},"{TEXT} ({index})",{1 + index % 5}' for index in range(12)]
    lines.insert(6, "a,b")
    (tmp_path / "ragged.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = textcx("analyze", tmp_path / "ragged.csv", "--out", tmp_path / "out")
    assert run.returncode == 3, run.stderr
    assert "13 records in, 12 analyzed, 1 unprocessable" in run.stdout
    listed = (tmp_path / "out" / "unprocessable.jsonl").read_text(encoding="utf-8")
    assert '"reason": "unreadable_row"' in listed
    assert "ragged.csv:7" in listed


def test_standard_input_is_read(tmp_path: Path) -> None:
    content = "comment\n" + "".join(f'"{TEXT} ({index})"\n' for index in range(12))
    command = [sys.executable, "-m", "textcx", "analyze", "-", "--out", str(tmp_path / "out")]
    run = subprocess.run(command, check=False, capture_output=True, text=True, input=content)
    assert run.returncode == 0, run.stderr
    assert "12 records in" in run.stdout


def test_a_compressed_file_is_read_by_inspect_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "feedback.csv.gz").write_bytes(gzip.compress(SAMPLE.read_bytes()))
    run = textcx("inspect", tmp_path / "feedback.csv.gz")
    assert run.returncode == 0, run.stderr
    for word in ("comment", "likely_to_recommend", "401"):
        assert word in run.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["feedback.csv.gz"]


def test_a_list_in_the_settings_file_or_the_environment_counts_where_no_flag_is_given(tmp_path: Path) -> None:
    rows = "".join(f"Note number {index} of our own clerk,{TEXT} {index}\n" for index in range(12))
    (tmp_path / "two.csv").write_text(f"a,b\n{rows}")
    (tmp_path / "mine.toml").write_text('text_column = ["b"]\n')
    by_file = textcx("inspect", tmp_path / "two.csv", "--config", tmp_path / "mine.toml")
    by_flag = textcx("inspect", tmp_path / "two.csv", "--text-column", "b")
    assert "'b': as you said" in by_flag.stdout
    assert by_file.stdout == by_flag.stdout


def test_report_and_verify_work_on_a_finished_analysis(sample_out: Path) -> None:
    before = (sample_out / "report.html").read_text(encoding="utf-8")
    assert textcx("report", sample_out).returncode == 0
    assert (sample_out / "report.html").read_text(encoding="utf-8") == before
    run = textcx("verify", sample_out, SAMPLE)
    assert run.returncode == 0, run.stderr
    assert "FAILED" not in run.stdout


def test_a_directory_without_analysis_cannot_be_reported(tmp_path: Path) -> None:
    run = textcx("report", tmp_path)
    assert run.returncode == 1
    assert "manifest.json" in run.stderr


@pytest.mark.slow
def test_an_interrupted_run_leaves_no_result_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "textcx", "analyze", str(SAMPLE), "--out", str(out), "--batch-rows", "40"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    partial = tmp_path / "out.partial"
    while process.poll() is None and not list(partial.glob("part-*.json")):
        time.sleep(0.02)  # waits for the first checkpoint, which no event announces
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "run the same command again" in errors
    assert not out.exists()
    assert partial.is_dir()
