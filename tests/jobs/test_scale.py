from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from places import SAMPLE
from polars.testing import assert_frame_equal

import textcx
from textcx.runs.output import partial_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_hundred_thousand_identical_comments_are_one_voice(tmp_path: Path) -> None:
    comment = "The parcel came two weeks late and nobody told me why"
    source = tmp_path / "same.csv"
    pl.DataFrame({"comment": [comment] * 100_000}).write_csv(source)
    analysis = textcx.analyze(source, text_column="comment")
    assert analysis.records.height == 100_000
    assert analysis.headline["duplicates"] == 99_999
    assert analysis.headline["polarity"]["n"] == 1


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample twelve times over, each comment a little different, so that no record repeats another."""
    sample = pl.read_csv(SAMPLE, infer_schema=False)
    copies = [
        sample.with_columns(
            pl.col("feedback_id") + f"-{copy}",
            comment=pl.when(pl.col("comment").str.len_chars() > 20)
            .then(pl.col("comment") + f" ({copy})")
            .otherwise("comment"),
        )
        for copy in range(12)
    ]
    path = tmp_path_factory.mktemp("long") / "feedback.csv"
    pl.concat(copies).write_csv(path)
    return path


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_run_killed_at_any_share_of_its_work_finishes_with_the_same_findings(
    share: float, long_file: Path, tmp_path: Path
) -> None:
    whole = textcx.analyze(long_file, batch_rows=400)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "textcx", "analyze", str(long_file), "--out", str(out), "--batch-rows", "400"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    parts = -(-401 * 12 // 400)
    while process.poll() is None and len(list(partial_of(out).glob("part-*.json"))) < share * parts:
        time.sleep(0.02)  # no event announces a checkpoint
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    subprocess.run(command, check=True, capture_output=True)
    resumed = textcx.load(out)
    for name, frame in whole.tables.items():
        assert_frame_equal(frame, resumed.tables[name], check_exact=True)
