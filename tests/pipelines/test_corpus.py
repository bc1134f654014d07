"""Both halves of the pipeline over hand-made batches, with light engines: what goes in, what comes out, what never does."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from fakes import (
    FakeEncoder,
    FakeLanguageDetector,
    FakeNamer,
    FakePhraseFinder,
    FakeRedactor,
    FakeSplitter,
    FakeThemeModel,
)
from languages import ENGLISH, LANGUAGES
from polars.testing import assert_frame_equal

from textcx.domain.feedback import (
    FEEDBACK_SCHEMA,
    ColumnPlan,
    FeedbackBatch,
    RatingColumn,
    RatingKind,
    Reason,
    TextColumn,
    Unprocessable,
)
from textcx.domain.parts import PRIVATE, Part
from textcx.domain.tables import ASPECTS, SCHEMAS
from textcx.engines.language.folder import load_language
from textcx.pipelines.batch import RecordTools, analyze_batch
from textcx.pipelines.corpus import analyze_corpus
from textcx.pipelines.corpus_tools import CorpusTools
from textcx.pipelines.measures import Choices
from textcx.runs.progress import StageClock
from textcx.steps.records.corpus import build_corpus
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.analysis import Analysis
    from textcx.domain.encoding import Encoding

Row = dict[str, Any]

FIRST = RecordTools(
    encoder=FakeEncoder(),
    languages=FakeLanguageDetector(),
    redactor=FakeRedactor(),
    splitter=FakeSplitter(),
    language=ENGLISH,
    respondent_key=b"k" * 32,
)
KNOWN = (
    ("Parcel days late", "Delivery days"),
    ("App crashes times daily", "App crashes"),
    ("Waited hours for support", "Hours of support"),
)
SECOND = CorpusTools(
    encoder=FakeEncoder(),
    themes=FakeThemeModel(),
    phrases=FakePhraseFinder(),
    language=replace(ENGLISH, matters=(*ENGLISH.matters, *KNOWN)),
)
NPS = RatingColumn(name="nps", column="Recommend", kind=RatingKind.NPS, low=0, high=10)
WHY, BETTER = TextColumn("Why?"), TextColumn("Better?", question="What could we do better?")
PLAN = ColumnPlan(text=(WHY,))
TWO_TEXTS = ColumnPlan(text=(WHY, BETTER))

SECRETS = (
    "jane.planted@example.com", "+44 20 7946 0958", "john.planted@example.com", "id.planted@example.com",
    "desk.planted@example.com", "plan.planted@example.com", "asked.planted@example.com", "Planted, Paula",
)  # fmt: skip
"""Put into the verbatims, respondents, ids, touchpoints, attributes and questions of ``survey``."""

COUNTS = "one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - reads better


def survey() -> list[Row]:
    """Seventy records: five things that people talk about, a few answers that are none, and secrets in every corner."""
    forms = [
        ("The parcel: {} days late.", 2, "delivery"),
        ("App crashes {} times daily.", 4, None),
        ("Counter {} has friendly staff.", 9, None),
        ("Waited {} hours. Lovely music.", 5, "Customer Service"),
        ("Hotel room {} was dirty.", 1, None),
    ]
    start = datetime(2026, 1, 3, tzinfo=UTC)
    rows: list[Row] = []
    for number, (form, nps, touchpoint) in enumerate([form for form in forms for _ in COUNTS]):
        rows.append({
            "texts": [form.format(COUNTS[number % 12])], "created_at": start + timedelta(days=3 * number),
            "respondent": f"R{number}", "touchpoint": touchpoint, "nps": nps + number % 2,
            "plan": ["basic", "premium"][number % 2], "given_id": f"A-{number:03}" if number % 3 else None,
        })  # fmt: skip
    silent = [None, "", "  \n", "n/a", "-", "Nothing"]
    rows += [{"texts": [text], "respondent": f"S{number}", "nps": 7.0} for number, text in enumerate(silent)]
    german = "Der Fahrer war sehr unfreundlich und das Paket ist nicht da"
    rows += [
        {"texts": [german], "nps": 0.0},
        {"texts": ["Netflix"], "given_id": "id.planted@example.com"},
        {"texts": ["Write to jane.planted@example.com or +44 20 7946 0958."], "respondent": "john.planted@example.com"},
        {
            "texts": ["The lift was broken."], "touchpoint": "desk.planted@example.com", "respondent": "Planted, Paula",
            "plan": "plan.planted@example.com", "question": "Did asked.planted@example.com help you?",
        },
    ]  # fmt: skip
    return rows


def batch(rows: Sequence[Row], *, first: int = 0, broken: int = 0, warnings: tuple[str, ...] = ()) -> FeedbackBatch:
    """A batch of some rows, and after them some that could not be read."""
    named = {"nps": "rating:nps", "plan": "attribute:plan"}
    blank = dict.fromkeys([*FEEDBACK_SCHEMA, *named.values()]) | {"source": "survey"}
    numbered = [
        {**blank, "row": first + place, "where": f"survey.csv:{first + place + 2}"}
        | {named.get(name, name): value for name, value in row.items()}
        for place, row in enumerate(rows)
    ]
    schema = {**FEEDBACK_SCHEMA, "rating:nps": pl.Float64, "attribute:plan": pl.String}
    after = first + len(rows)
    return FeedbackBatch(
        frame=pl.DataFrame(numbered, schema=schema),
        unreadable=tuple(
            Unprocessable(row=n, where=f"survey.csv:{n + 2}", reason=Reason.UNREADABLE_ROW, hint="mend the quotes")
            for n in range(after, after + broken)
        ),
        warnings=warnings,
    )


def record_tools(*batches: FeedbackBatch, plan: ColumnPlan = PLAN) -> Part:
    return Part.joined(
        [analyze_batch(each, number=0, plan=plan, tools=FIRST, progress=StageClock()) for each in batches]
    )


class Flipped(FakeEncoder):
    """Its matters point the other way."""

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        found = super().encode(texts, vectors=vectors, tags=tags)
        return replace(found, matters=-found.matters)


def corpus_tools(part: Part, *, rated: bool = True, tools: CorpusTools | None = None) -> Analysis:
    choices = Choices(
        ratings=[NPS] if rated else [], attributes=["plan"] if rated else [], seed=0, min_group=5, pain_threshold=0.5,
        offer_words=frozenset(),
    )  # fmt: skip
    return analyze_corpus(part, tools=tools or SECOND, choices=choices, progress=StageClock())


def reasons(analysis: Analysis) -> list[str]:
    return sorted(str(left.reason) for left in analysis.unprocessable)


@pytest.fixture(scope="module")
def part() -> Part:
    rows = survey()
    return record_tools(batch(rows[:30], broken=2), batch(rows[30:], first=32, broken=1))


@pytest.fixture(scope="module")
def analysis(part: Part) -> Analysis:
    return corpus_tools(part)


def test_every_kind_of_finding_is_made(analysis: Analysis) -> None:
    assert {name for name, table in analysis.tables.items() if table.is_empty()} <= {"mix", "praise", "requests"}
    assert list(analysis.tables["journey"]["stage"]) == [*ENGLISH.journey.stage_ids, "unknown"]


def test_a_journey_left_to_the_file_is_told_in_notes_and_manifest_and_one_that_was_not_in_the_manifest(
    part: Part, analysis: Analysis
) -> None:
    assert analysis.manifest["journey"] == {"name": ENGLISH.journey.name, "shares": {}}
    assert not [note for note in analysis.notes if "Journey" in note]
    free = load_language(LANGUAGES / "en", journey="auto")
    found = corpus_tools(part, tools=replace(SECOND, language=free))
    fitted = found.manifest["journey"]
    assert set(fitted["shares"]) == {free.journey.name, *(each.name for each in free.other_journeys)}
    assert [note for note in found.notes if f"Journey '{fitted['name']}' fits best" in note]
    chosen = next(each for each in (free.journey, *free.other_journeys) if each.name == fitted["name"])
    assert list(found.tables["journey"]["stage"]) == [*chosen.stage_ids, "unknown"]
    assert found.manifest["stage_titles"] == chosen.titles


def test_records_in_are_analyzed_plus_unprocessable(analysis: Analysis) -> None:
    headline = analysis.headline
    assert headline["records_in"] == len(survey()) + 3
    assert headline["records_in"] == headline["analyzed"] + sum(headline["unprocessable"].values())
    assert headline["analyzed"] == analysis.records.height
    assert headline["unprocessable"] == {
        "empty": 3, "not_an_answer": 3, "unreadable_row": 3, "language_unsupported": 1,
    }  # fmt: skip
    assert reasons(analysis) == sorted(["empty", "not_an_answer", "unreadable_row"] * 3 + ["language_unsupported"])


def test_matters_keep_to_their_segments() -> None:
    rows = survey()
    found, flipped = (
        build_corpus(
            Part.joined(
                [
                    analyze_batch(each, number=0, plan=PLAN, tools=tools, progress=StageClock())
                    for each in (batch(rows[:30]), batch(rows[30:], first=30))
                ]
            ),
            language=ENGLISH,
        )
        for tools in (FIRST, replace(FIRST, encoder=Flipped()))
    )
    assert found.matters.shape == (found.segments.height, 384)
    assert (flipped.matters == -found.matters).all()


def test_every_row_is_accounted_for_once(part: Part, analysis: Analysis) -> None:
    left_out = [left.row for left in analysis.unprocessable]
    used = part.records.filter(pl.col("reason").is_null())["row"].to_list()
    assert sorted([*used, *left_out]) == list(range(len(survey()) + 3))
    assert left_out == sorted(left_out)


def test_what_is_unprocessable_says_where_it_stood(analysis: Analysis) -> None:
    assert all(left.where == f"survey.csv:{left.row + 2}" and left.hint for left in analysis.unprocessable)
    foreign = [left.language for left in analysis.unprocessable if left.reason == Reason.LANGUAGE_UNSUPPORTED]
    assert foreign == ["de"]


def test_no_part_has_a_private_column(part: Part) -> None:
    for frame in (part.records, part.segments):
        assert not {*PRIVATE, "texts", "respondent"} & set(frame.columns)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_planted_secret_stands_nowhere_in_a_part(part: Part, secret: str) -> None:
    assert secret in str(survey())
    for frame in (part.records, part.segments):
        assert secret not in frame.write_json()
    assert secret not in str((part.unreadable, part.warnings))


@pytest.mark.parametrize("secret", SECRETS)
def test_a_planted_secret_stands_nowhere_in_an_analysis(analysis: Analysis, secret: str) -> None:
    for frame in analysis.tables.values():
        assert secret not in frame.write_json()
    assert secret not in str((analysis.headline, analysis.manifest, analysis.unprocessable, analysis.notes))


def test_masks_keep_the_place_of_what_they_hide(analysis: Analysis) -> None:
    text = f"Write to {MASK * 24} or {MASK * 16}."
    record = analysis.records.filter(pl.col("text") == text)
    assert [found["kind"] for found in record["redactions"][0]] == ["EMAIL", "PHONE"]


def test_every_segment_and_quote_stands_in_its_record(analysis: Analysis) -> None:
    texts = dict(analysis.records.select("record_id", "text").iter_rows())
    for segment in analysis.segments.iter_rows(named=True):
        assert texts[segment["record_id"]][segment["start"] : segment["end"]] == segment["text"]
        assert segment["segment_id"] == f"{segment['record_id']}:{segment['start']}-{segment['end']}"
    quotes = [
        quote for name in ("themes", "pain_points") for found in analysis.tables[name]["evidence"] for quote in found
    ]
    assert quotes
    for quote in quotes:
        assert texts[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


def test_a_text_that_many_sent_is_a_campaign_with_a_quote_of_its_record_and_without_one_there_is_no_table(
    analysis: Analysis,
) -> None:
    assert "campaigns" not in analysis.tables
    text = "Please write to jane.planted@example.com and keep our library open."
    rows = [{"texts": [text], "respondent": f"P{number}", "given_id": f"p{number}"} for number in range(6)]
    found = corpus_tools(record_tools(batch([*survey(), *rows])))
    (campaign,) = found.tables["campaigns"].to_dicts()
    (quote,) = campaign["evidence"]
    texts = dict(found.records.select("record_id", "text").iter_rows())
    assert (campaign["record_id"], campaign["records"], campaign["respondents"]) == ("p0", 6, 6)
    assert texts["p0"][quote["start"] : quote["end"]] == quote["quote"] != ""
    assert "planted" not in quote["quote"]


def test_every_aspect_stands_in_its_record_and_its_segment(analysis: Analysis) -> None:
    texts = dict(analysis.records.select("record_id", "text").iter_rows())
    segments = {row["segment_id"]: row for row in analysis.segments.iter_rows(named=True)}
    assert analysis.tables["aspects"].columns == ASPECTS.names()
    found = analysis.tables["aspects"].rows(named=True)
    assert {each["aspect"] for each in found} >= {"parcel", None}
    for each in found:
        segment = segments[each["segment_id"]]
        assert each["record_id"] == segment["record_id"]
        if each["start"] is not None:
            assert texts[each["record_id"]][each["start"] : each["end"]] == each["aspect"]
        places = [each[name] for name in ("start", "end", "opinion_start", "opinion_end") if each[name] is not None]
        assert segment["start"] <= min(places) < max(places) <= segment["end"]
    assert [each["segment_id"] for each in found] == sorted(
        (each["segment_id"] for each in found), key=list(segments).index
    )


def test_tables_have_their_declared_columns_and_types(analysis: Analysis) -> None:
    for name, schema in SCHEMAS.items():
        own = analysis.tables[name].schema
        assert {column: own[column] for column in schema} == dict(schema)
    assert analysis.records.schema["nps"] == pl.Float64
    assert analysis.records.schema["plan"] == pl.String


@pytest.mark.parametrize(("seed", "rows"), [(1, 7), (2, 100)])
def test_rows_in_another_order_and_other_batches_give_equal_findings(analysis: Analysis, seed: int, rows: int) -> None:
    shuffled = survey()
    random.Random(seed).shuffle(shuffled)
    batches = [batch(shuffled[at : at + rows], first=at) for at in range(0, len(shuffled), rows)]
    broken = batch([], first=len(shuffled), broken=3)
    again = corpus_tools(record_tools(*batches, broken))
    for name, table in analysis.tables.items():
        assert_frame_equal(again.tables[name], table, check_exact=True)
    assert again.headline == analysis.headline
    assert (again.manifest, again.notes) == (analysis.manifest, analysis.notes)
    assert {(left.record_id, left.reason) for left in again.unprocessable} == {
        (left.record_id, left.reason) for left in analysis.unprocessable
    }


def test_a_batch_of_only_unusable_records_is_counted_and_has_no_segments() -> None:
    found = record_tools(batch([{"texts": [""]}, {"texts": ["n/a"]}, {"texts": [None]}]))
    assert (found.rows, found.records.height, found.segments.height) == (3, 3, 0)
    assert found.matters.shape == (0, 384)
    analysis = corpus_tools(found)
    assert analysis.records.is_empty()
    assert reasons(analysis) == ["empty", "empty", "not_an_answer"]


def test_a_batch_of_only_unusable_records_joins_the_others() -> None:
    usable = [{"texts": ["The parcel came late."], "nps": 3.0, "plan": "basic"}]
    for batches in (
        (batch(usable), batch([{"texts": [""]}], first=1)),
        (batch([{"texts": [""]}]), batch(usable, first=1)),
    ):
        analysis = corpus_tools(record_tools(*batches))
        assert analysis.records["text"].to_list() == ["The parcel came late."]
        assert reasons(analysis) == ["empty"]


def test_a_batch_without_a_readable_row_is_counted() -> None:
    found = record_tools(batch([], broken=2))
    assert (found.rows, found.records.height, found.segments.height) == (2, 0, 0)
    analysis = corpus_tools(found)
    assert analysis.headline["records_in"] == 2
    assert reasons(analysis) == ["unreadable_row"] * 2
    joined = corpus_tools(record_tools(batch([], broken=1), batch([{"texts": ["The parcel came late."]}], first=1)))
    assert (joined.headline["records_in"], joined.headline["analyzed"]) == (2, 1)


def test_warnings_of_batches_are_kept() -> None:
    found = record_tools(batch([], broken=1, warnings=("a date is doubtful",)), batch([], first=1, broken=1))
    assert found.warnings == ("a date is doubtful",)


def test_without_dates_and_ratings_there_are_no_trends_ratings_and_drivers() -> None:
    rows = [{"texts": row["texts"]} for row in survey()]
    analysis = corpus_tools(record_tools(batch(rows)), rated=False)
    for name in ("trends", "ratings", "drivers"):
        assert analysis.tables[name].is_empty()
    assert (analysis.headline["period"], analysis.headline["ratings"]) == (None, [])
    assert analysis.headline["undated"] == len(rows)
    assert analysis.themes.height
    assert analysis.pain_points.height
    assert analysis.themes["first_seen"].null_count() == analysis.themes.height


def test_a_language_need_know_no_matters(part: Part) -> None:
    analysis = corpus_tools(part, tools=replace(SECOND, language=replace(ENGLISH, matters=())))
    assert analysis.themes.height


def test_too_few_segments_for_themes_are_said_so() -> None:
    analysis = corpus_tools(record_tools(batch(survey()[:10])))
    assert analysis.themes.is_empty()
    assert any("Too few segments for themes" in note for note in analysis.notes)


@pytest.mark.parametrize(
    ("texts", "question", "answered"),
    [
        (["Nothing", None], None, False),
        ([None, "Nothing"], None, True),
        (["Nothing", None], "What would you change?", True),
        ([None, "n/a"], None, False),
    ],
)
def test_nothing_is_an_answer_where_the_question_is_known(
    texts: list[str | None], question: str | None, *, answered: bool
) -> None:
    found = record_tools(batch([{"texts": texts, "question": question}]), plan=TWO_TEXTS)
    assert found.records["reason"].to_list() == [None if answered else "not_an_answer"]
    assert found.segments.height == int(answered)


def test_segments_keep_their_text_column_and_its_question() -> None:
    rows = [
        {"texts": ["Lovely rooms. Slow lift.", "Add a second lift"]},
        {"texts": ["Slow lift."], "question": "How was your stay?"},
    ]
    found = record_tools(batch(rows), plan=TWO_TEXTS)
    assert found.segments.select("row", "text_column", "question", "text").rows() == [
        (0, "Why?", None, "Lovely rooms."),
        (0, "Why?", None, "Slow lift."),
        (0, "Better?", "What could we do better?", "Add a second lift"),
        (1, "Why?", "How was your stay?", "Slow lift."),
    ]
    kept = corpus_tools(found).segments
    assert sorted(kept["text_column"]) == ["Better?", "Why?", "Why?", "Why?"]


def test_the_cells_of_a_record_are_one_verbatim_that_no_segment_crosses() -> None:
    found = record_tools(batch([{"texts": ["Slow lift", "Add another one"]}]), plan=TWO_TEXTS)
    assert found.records["text"].to_list() == ["Slow lift\n\nAdd another one"]
    assert found.segments.select("start", "end").rows() == [(0, 9), (11, 26)]


def test_a_touchpoint_decides_the_stage() -> None:
    said = "The music is loud."
    rows = [{"texts": [said], "touchpoint": name} for name in ("Live-Chat", "checkout", "Basement")]
    analysis = corpus_tools(record_tools(batch(rows)))
    primary = dict(analysis.records.select("touchpoint", "primary_stage").iter_rows())
    assert (primary["Live-Chat"], primary["checkout"]) == ("support", "purchase")
    told = analysis.segments.join(analysis.records.select("record_id", "touchpoint"), on="record_id")
    placed = {row["touchpoint"]: (row["stage"], row["stage_confidence"]) for row in told.iter_rows(named=True)}
    assert (placed["Live-Chat"], placed["checkout"]) == (("support", 1.0), ("purchase", 1.0))
    assert placed["Basement"][1] < 1


def test_a_text_too_short_to_tell_takes_the_language_of_most_others() -> None:
    german = {"texts": ["Der Fahrer war sehr unfreundlich"]}
    among_germans = corpus_tools(record_tools(batch([german, german, {"texts": ["Netflix"]}])))
    assert reasons(among_germans) == ["language_unsupported"] * 3
    among_english = corpus_tools(record_tools(batch([{"texts": ["The lift was slow"]}, {"texts": ["Netflix"]}])))
    assert among_english.records["language"].to_list() == ["en", "en"]


def test_every_stage_is_told_to_the_watch() -> None:
    clock = StageClock()
    found = analyze_batch(batch(survey()[:3]), number=0, plan=PLAN, tools=FIRST, progress=clock)
    choices = Choices(ratings=[], attributes=[], seed=0, min_group=5, pain_threshold=0.5, offer_words=frozenset())
    analyze_corpus(found, tools=SECOND, choices=choices, progress=clock)
    assert list(clock.seconds) == [
        "clean", "redact", "split", "encode", "gather", "themes", "journey", "pain points", "ratings", "drivers",
        "trends",
    ]  # fmt: skip


def test_a_namer_is_made_for_each_analysis_and_told_of_in_manifest_and_notes(part: Part, analysis: Analysis) -> None:
    made: list[FakeNamer] = []

    def new() -> FakeNamer:
        made.append(FakeNamer())
        return made[-1]

    for _ in range(2):
        found = corpus_tools(part, tools=replace(SECOND, namer=new))
        assert found.manifest["namer"] == made[-1].report()
        assert set(found.notes) - set(analysis.notes) == {"The fake was asked."}
        assert list(found.tables["pain_points"]["title"]) == list(analysis.tables["pain_points"]["title"])
    assert len(made) == 2
    assert analysis.manifest["namer"] is None
    shown = " ".join(text for namer in made for group in namer.shown for text in group)
    assert "late" in shown
    assert not [secret for secret in SECRETS if secret in shown]
