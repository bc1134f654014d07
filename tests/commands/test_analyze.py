from __future__ import annotations

import csv
import json
import random
import resource
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from builders import an_analysis
from places import SAMPLE
from polars.testing import assert_frame_equal
from shipped import analyze, container_for, engines

import textcx
from textcx.commands import analyze as job
from textcx.commands.verify import verify
from textcx.domain.errors import NothingToAnalyze, OutputExists, TextcxError, WrongUse
from textcx.domain.feedback import ColumnOverrides
from textcx.domain.tables import SCHEMAS
from textcx.runs.output import partial_of
from textcx.runs.progress import StageClock
from textcx.runs.record_half import agree
from textcx.settings.analysis import load_settings
from textcx.wiring.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.analysis import Analysis
    from textcx.domain.encoding import Encoding


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


REMARKS = (
    "The parcel came two weeks late and nobody told me why.",
    "I love the colour and the fit, it looks great.",
    "Had to call support three times before anyone answered.",
    "Works as described, nothing special about it really.",
    "The app crashes whenever I open my order history.",
    "Friendly driver, quick delivery, will order again.",
    "They charged my card twice and the refund never came.",
    "The jacket is warm but the zip broke after one day.",
    "Checkout was simple and the price was fair to me.",
    "I wish there was an option to pick a delivery day.",
)


QUEUES = (
    "Forty minutes queueing.",
    "Long waiting time.",
    "An hour on hold.",
    *REMARKS,
)


def test_every_file_of_the_result_is_there(sample_out: Path) -> None:
    names = {path.name for path in sample_out.iterdir()}
    assert {f"{table}.parquet" for table in SCHEMAS} <= names
    assert {"report.html", "analysis.json", "manifest.json", "unprocessable.jsonl", "analysis.xlsx"} <= names
    assert {f"{table}.csv" for table in ("pain_points", "themes", "drivers", "ratings")} <= names


def test_nothing_of_the_run_is_left_beside_the_result(sample_out: Path) -> None:
    assert not partial_of(sample_out).exists()


def test_records_in_are_analyzed_or_unprocessable(sample_analysis: Analysis) -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        rows = sum(1 for _ in csv.DictReader(lines))
    assert sample_analysis.headline["records_in"] == rows
    assert sample_analysis.records.height + len(sample_analysis.unprocessable) == rows


def test_the_result_passes_verification_against_its_source(sample_analysis: Analysis) -> None:
    outcome = verify(sample_analysis, [SAMPLE])
    assert outcome.problems == []
    assert outcome.checks["segments"] > sample_analysis.records.height
    assert outcome.checks["texts against the sources"] == sample_analysis.records.height


def test_verification_notices_a_quote_that_is_not_the_text_of_its_span(sample_analysis: Analysis) -> None:
    segments = sample_analysis.segments.with_columns(text=pl.col("text") + "!")
    wrong = textcx.Analysis(
        tables={**sample_analysis.tables, "segments": segments},
        headline=sample_analysis.headline,
        manifest=sample_analysis.manifest,
        unprocessable=sample_analysis.unprocessable,
    )
    outcome = verify(wrong)
    assert not outcome.passed
    assert all("segments" in problem for problem in outcome.problems)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"aspect": "foo"}, "is not the text of that span"),
        ({"segment_id": "gone"}, "refer to a segment_id that is not in segments"),
    ],
)
def test_verification_notices_an_aspect_that_does_not_stand_in_its_record(
    sample_analysis: Analysis, wrong: dict[str, str], problem: str
) -> None:
    first = sample_analysis.segments.filter(pl.col("text").str.contains(r"^\w\w\w")).head(1)
    right = first.select(
        "segment_id", "record_id", start="start", end=pl.col("start") + 3, aspect=pl.col("text").str.head(3)
    ).with_columns(
        opinion_start=None, opinion_end=None, negated=False, polarity=0.0, p_negative=0.0, p_neutral=1.0, p_positive=0.0
    )
    for table, expected in ((right, True), (right.with_columns(**{k: pl.lit(v) for k, v in wrong.items()}), False)):
        outcome = verify(replace(sample_analysis, tables={**sample_analysis.tables, "aspects": table}))
        assert outcome.passed == expected
    assert any(problem in each for each in outcome.problems)


def test_verification_notices_a_changed_source(sample_analysis: Analysis, tmp_path: Path) -> None:
    changed = tmp_path / SAMPLE.name
    changed.write_text(SAMPLE.read_text(encoding="utf-8").replace("the", "teh", 1), encoding="utf-8")
    outcome = verify(sample_analysis, [changed])
    assert any("has changed since the analysis" in problem for problem in outcome.problems)
    assert any("differs from its source" in problem for problem in outcome.problems)


def test_no_planted_personal_detail_is_written_anywhere(sample_out: Path) -> None:
    truth = json.loads((SAMPLE.parent / "truth.json").read_text(encoding="utf-8"))
    planted = [detail["value"] for entry in truth.values() for detail in entry.get("private") or ()]
    respondents = pl.read_csv(SAMPLE, infer_schema=False)["respondent"].drop_nulls().unique().to_list()
    assert planted
    for path in (file for file in sample_out.rglob("*") if file.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = str(pl.read_parquet(path).to_dicts()).encode()
        for secret in (*planted, *respondents):
            assert secret.encode() not in content, f"{path.name} holds a planted detail"


def test_the_order_of_the_input_changes_no_finding(sample_analysis: Analysis, tmp_path: Path) -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    random.Random(7).shuffle(rows)
    other = analyze(write_csv(tmp_path / "feedback.csv", rows), batch_rows=100)
    for name, frame in sample_analysis.tables.items():
        assert_frame_equal(frame, other.tables[name], check_exact=True)
    assert other.headline == sample_analysis.headline


class InterruptedEncoder:
    """The shipped encoder, until the person who waits presses Ctrl-C at one of its calls."""

    def __init__(self, *, at_call: int) -> None:
        self._shipped, self._left = engines().encoder, at_call
        self.encoder_id, self.confident_at = self._shipped.encoder_id, self._shipped.confident_at
        self.precision, self.finds_aspects = self._shipped.precision, self._shipped.finds_aspects
        self.near = self._shipped.near

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return self._shipped.encode(texts, vectors=vectors, tags=tags)


def test_a_run_goes_on_from_its_checkpoints_with_the_same_findings(
    sample_analysis: Analysis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        analyze(SAMPLE, out=out, batch_rows=100, encoder=InterruptedEncoder(at_call=5))  # a part takes two
    assert not out.exists()
    assert len(list(partial_of(out).glob("part-*.json"))) == 2
    container, clock = container_for(load_settings(batch_rows=100)), StageClock(quiet=False)
    resumed = job.analyze([SAMPLE], out=out, container=container, clock=clock)
    assert "Resuming an earlier run: 2 checkpoints" in capsys.readouterr().err
    for name, frame in sample_analysis.tables.items():
        assert_frame_equal(frame, resumed.tables[name], check_exact=True)


def test_an_existing_directory_is_refused_and_replaced_only_when_asked(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "few.csv", [{"comment": text} for text in REMARKS])
    out = tmp_path / "out"
    out.mkdir()
    analyze(source, out=out, overwrite=True)
    with pytest.raises(OutputExists, match="--overwrite"):
        analyze(source, out=out)
    analyze(source, out=out, overwrite=True, title="again")
    assert textcx.load(out).manifest["title"] == "again"


def test_a_directory_that_is_no_result_is_never_replaced(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "few.csv", [{"comment": text} for text in REMARKS])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept.txt").write_text("mine")
    with pytest.raises(OutputExists, match="not even with"):
        analyze(source, out=tmp_path / "out", overwrite=True)
    with pytest.raises(WrongUse, match="lies in"):
        analyze(source, out=tmp_path, overwrite=True)
    with pytest.raises(WrongUse, match="cannot hold a result"):
        analyze(source, out=Path("/"), overwrite=True)
    assert (tmp_path / "out" / "kept.txt").read_text() == "mine"
    assert source.exists()


def test_an_attribute_may_have_any_name(tmp_path: Path) -> None:
    names = ["reason", "input", "content_hash", "counted", "analyzed", "record_id", "question_1"]
    rows = [{"comment": text, **dict.fromkeys(names, "ab"[index % 2])} for index, text in enumerate(REMARKS)]
    records = analyze(write_csv(tmp_path / "few.csv", rows), attribute=names).records
    for name in names:
        named = [column for column in records.columns if column in {name, f"{name}_attribute"}][-1]
        assert sorted(set(records[named])) == ["a", "b"], name


def test_a_name_that_is_rating_and_attribute_at_once_is_refused(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", [{"text": text, "grade": index} for index, text in enumerate(REMARKS)])
    two = write_csv(
        tmp_path / "b.csv", [{"text": text, "grade": "ab"[index % 2]} for index, text in enumerate(REMARKS)]
    )
    ratings = open_source(one, ColumnOverrides(ratings=("grade=grade:0-10",))).plan
    attributes = open_source(two, ColumnOverrides(attributes=("grade",))).plan
    with pytest.raises(WrongUse, match="a rating in one input and an attribute in another"):
        agree([ratings, attributes])


def test_verification_notices_a_record_that_was_lost(sample_analysis: Analysis) -> None:
    kept = sample_analysis.records.filter(pl.col("record_id") != sample_analysis.records["record_id"][5])
    wrong = textcx.Analysis(
        tables={**sample_analysis.tables, "records": kept},
        headline=sample_analysis.headline,
        manifest=sample_analysis.manifest,
        unprocessable=sample_analysis.unprocessable,
    )
    outcome = verify(wrong, [SAMPLE])
    assert any("neither analyzed nor unprocessable" in problem for problem in outcome.problems)


def test_what_a_comment_hides_is_masked_in_every_file(tmp_path: Path) -> None:
    hidden = (
        'Broken link <a href="mailto:jane.doe@example.com">here</a>, write jane.doe&#64;example.com instead please.'
    )
    out = tmp_path / "out"
    analyze(write_csv(tmp_path / "few.csv", [{"comment": text} for text in (hidden, *REMARKS)]), out=out)
    (record,) = [text for text in textcx.load(out).records["text"] if text.startswith("Broken link")]
    assert len(record) == len(hidden)
    assert "jane" not in record
    for path in out.glob("*.json*"):
        assert "jane.doe" not in path.read_text(encoding="utf-8")


def test_the_summary_names_pain_points_by_their_titles_without_mixed_groups(tmp_path: Path) -> None:
    full = an_analysis(100)
    points = full.pain_points.with_columns(
        title=pl.format("Title {}", pl.int_range(pl.len())), statement=pl.lit("I say")
    )
    points = points.with_columns(fit=pl.when(pl.int_range(pl.len()) == 0).then(0.3).otherwise("fit"))

    def told(points: pl.DataFrame) -> str:
        return job.summarize(replace(full, tables={**full.tables, "pain_points": points}), out=tmp_path)

    assert f"  1. Title 1 ({points['records'][1]} records, severity" in told(points)
    assert "Title 0" not in told(points)
    assert "I say" not in told(points)
    assert "No pain points but mixed groups" in told(points.with_columns(fit=0.3))
    assert "No pain points found" in told(points.clear())


def test_a_pain_point_without_a_title_or_with_an_odd_fit_fails_the_check() -> None:
    full = an_analysis(20)
    points = full.pain_points.head(2).with_columns(title=pl.Series(["", "Late"]), fit=pl.Series([None, 1.1]))
    problems = verify(replace(full, tables={**full.tables, "pain_points": points})).problems
    assert [problem.rpartition(" ")[0] for problem in problems if problem.startswith("titles: ")] == [
        f"titles: pain point {points['pain_point_id'][0]} has no",
        f"titles: the fit of pain point {points['pain_point_id'][1]} is not from 0 to",
    ]


def test_ten_records_are_too_few_for_themes_but_give_sentiment_and_pain_points(tmp_path: Path) -> None:
    analysis = analyze(write_csv(tmp_path / "few.csv", [{"comment": text} for text in REMARKS]))
    assert analysis.themes.is_empty()
    assert any("Too few segments for themes" in note for note in analysis.notes)
    assert analysis.records["label"].null_count() == 0
    assert not analysis.pain_points.is_empty()


def test_a_shipped_taxonomy_is_matched_by_its_name_and_counted_under_its_parents(tmp_path: Path) -> None:
    rows = [{"id": number, "comment": f"{remark} ({number})"} for number, remark in enumerate(QUEUES * 8)]
    analysis = analyze(write_csv(tmp_path / "queues.csv", rows), taxonomy="cx")
    matched = analysis.themes.filter(pl.col("name") == "Waiting time").row(0, named=True)
    above = analysis.themes.filter(pl.col("theme_id") == matched["parent_theme_id"]).row(0, named=True)
    assert above["name"] == "Waiting and answers"
    assert above["records"] >= matched["records"] > 0
    assert analysis.manifest["settings"]["taxonomy"] == "cx"
    assert "taxonomies/cx.toml" in {model["file"] for model in analysis.manifest["models"]}


@pytest.mark.parametrize("sentences", [600, pytest.param(40_000, marks=pytest.mark.slow, id="two megabytes")])
def test_a_long_comment_is_read_whole(sentences: int, tmp_path: Path) -> None:
    long = " ".join(REMARKS[index % 10] for index in range(sentences))
    assert len(long) > 50 * sentences
    analysis = analyze(write_csv(tmp_path / "long.csv", [{"comment": long}, *({"comment": t} for t in REMARKS)]))
    record = analysis.records.filter(pl.col("text").str.len_chars() > 50 * sentences)
    assert record.height == 1
    assert record["windows"].item() > sentences / 40
    assert record["n_segments"].item() > 0.75 * sentences


def test_emoji_are_analyzed_and_another_language_is_listed(tmp_path: Path) -> None:
    rows = [{"comment": text} for text in (*REMARKS, "😡😡😡", "👍")]
    rows += [{"comment": "Die Lieferung kam leider zwei Wochen zu spät und niemand hat sich gemeldet."}]
    analysis = analyze(write_csv(tmp_path / "mixed.csv", rows))
    assert analysis.records.height == 12
    assert [(broken.reason.value, broken.language) for broken in analysis.unprocessable] == [
        ("language_unsupported", "de")
    ]


def test_a_file_in_another_language_only_is_refused_with_its_counts(tmp_path: Path) -> None:
    texts = [
        "Die Lieferung kam leider zwei Wochen zu spät und niemand hat sich gemeldet.",
        "Sehr freundlicher Kundendienst, alles wurde schnell und gut erledigt.",
        "Die Jacke ist warm, aber der Reißverschluss ist nach einem Tag kaputt gegangen.",
        "Zu teuer",
    ]
    out = tmp_path / "out"
    with pytest.raises(NothingToAnalyze, match="4 language_unsupported"):
        analyze(write_csv(tmp_path / "de.csv", [{"comment": text} for text in texts]), out=out)
    assert not out.exists()


def test_duplicate_ids_are_kept_with_a_suffix_and_a_note(tmp_path: Path) -> None:
    rows = [{"id": min(index, 8), "comment": text} for index, text in enumerate(REMARKS)]
    analysis = analyze(write_csv(tmp_path / "twice.csv", rows), id_column="id")
    assert analysis.records["record_id"].is_unique().all()
    assert any("more than one content" in note for note in analysis.notes)


def test_identical_comments_count_once_where_they_are_long(tmp_path: Path) -> None:
    rows = [{"comment": REMARKS[0]}] * 500 + [{"comment": text} for text in REMARKS[1:]]
    analysis = analyze(write_csv(tmp_path / "same.csv", rows))
    assert analysis.records.height == 509
    assert analysis.headline["duplicates"] == 499


def test_several_inputs_are_analyzed_together(tmp_path: Path) -> None:
    one = write_csv(
        tmp_path / "reviews.csv", [{"text": text, "stars": 1 + index % 5} for index, text in enumerate(REMARKS)]
    )
    two = write_csv(
        tmp_path / "survey.csv", [{"answer": text + " Really.", "nps": index} for index, text in enumerate(REMARKS)]
    )
    analysis = analyze([one, two], rating=None)
    assert analysis.records.height == 20
    assert {"stars", "nps"} <= set(analysis.records.columns)
    assert [entry["rows"] for entry in analysis.manifest["inputs"]] == [10, 10]


def test_inputs_that_disagree_on_a_scale_are_refused(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "a.csv", [{"text": text, "stars": 1 + index % 5} for index, text in enumerate(REMARKS)])
    two = write_csv(tmp_path / "b.csv", [{"text": text, "stars": index} for index, text in enumerate(REMARKS)])
    with pytest.raises(WrongUse, match="disagree on the rating"):
        analyze([one, two])


def test_a_limit_reads_no_further(tmp_path: Path) -> None:
    analysis = analyze(SAMPLE, limit=120, batch_rows=50)
    assert analysis.headline["records_in"] == 120


def test_a_frame_in_memory_is_analyzed_like_a_file() -> None:
    analysis = analyze(pl.DataFrame({"comment": REMARKS, "stars": [1, 5, 2, 3, 1, 5, 1, 3, 4, 3]}))
    assert analysis.records.height == len(REMARKS)
    assert [rating["rating"] for rating in analysis.headline["ratings"]] == ["stars"]


def test_a_full_disk_is_explained_and_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "few.csv", [{"comment": text} for text in REMARKS])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(TextcxError, match="no space left"):
            analyze(source, out=tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "out").exists()
