from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from fakes import FakeEncoder, fake_naming, topic_fit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from languages import ENGLISH
from polars.testing import assert_frame_equal

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import MENTIONS, THEMES
from textcx.steps.themes.finding.find import find_themes, is_boilerplate
from textcx.steps.themes.finding.learn import presentable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from textcx.domain.themes.findings import ThemeFinding
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import TopicFit

find_themes = partial(find_themes, language=ENGLISH)
is_boilerplate = partial(is_boilerplate, naming=ENGLISH.naming)
presentable = partial(presentable, naming=ENGLISH.naming)


SUBJECTS = {
    "late delivery": ["late delivery once more, {n} days", "my late delivery of {n}", "late delivery by {n} weeks"],
    "rude staff": ["rude staff at counter {n}", "the rude staff of room {n}", "rude staff in shop {n}"],
    "battery life": ["battery life of {n} hours", "poor battery life after {n}", "battery life under {n}"],
}
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


class BySubject:
    """Implements the ``ThemeModel`` port: a topic for each subject that is named in a segment."""

    def fit(
        self, texts: Sequence[str], vectors: np.ndarray, *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        del seed, max_unassigned
        topics = np.array([next((i for i, name in enumerate(SUBJECTS) if name in text), -1) for text in texts])
        return topic_fit(
            topics.astype(np.int64),
            vectors,
            strengths=np.where(topics >= 0, 0.8, 0.0),
            keywords=tuple(tuple(name.split()) for name in SUBJECTS),
        )


def around(texts: Sequence[str], *, scale: float = 0.005) -> np.ndarray:
    """Unit vectors near those of texts, one each."""
    vectors = FakeEncoder().encode(texts).matters
    vectors = vectors + np.random.default_rng(0).normal(scale=scale, size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def segments(*, each: int = 12) -> tuple[pl.DataFrame, np.ndarray]:
    rows = []
    for subject, forms in SUBJECTS.items():
        for n in range(each):
            text = forms[n % 3].format(n=NUMBERS[n % 12])
            rows.append({
                "segment_id": f"{subject[:2]}{n:02d}:0-{len(text)}", "record_id": f"{subject[:2]}{n:02d}", "start": 0,
                "end": len(text), "text": text, "label": "positive" if subject == "battery life" else "negative",
                "polarity": 0.5 if subject == "battery life" else -0.5, "counted": True,
                "respondent_id": None, "created_at": datetime(2026, 1 + n % 12, 5, tzinfo=UTC),
            })  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"respondent_id": pl.String, "created_at": pl.Datetime("us", "UTC")})
    matrix = around([subject for subject in SUBJECTS for _ in range(each)])
    order = frame.with_row_index("row").sort("segment_id")["row"].to_numpy()
    return frame[order], matrix[order]


def found(frame: pl.DataFrame, vectors: np.ndarray, *, theme_set: ThemeSet | None = None) -> ThemeFinding:
    return find_themes(frame, vectors, model=BySubject(), naming=fake_naming(), theme_set=theme_set)


def test_themes_have_names_figures_and_quotes() -> None:
    frame, vectors = segments()

    finding = found(frame, vectors)

    assert dict(finding.themes.schema) == dict(THEMES)
    assert dict(finding.mentions.schema) == dict(MENTIONS)
    assert set(finding.themes["name"]) == {name.capitalize() for name in SUBJECTS}
    late = finding.themes.row(by_predicate=pl.col("name") == "Late delivery", named=True)
    assert (late["records"], late["respondents"], late["share"]) == (12, 12, round(1 / 3, 6))
    assert (late["polarity"], late["negative_share"]) == (-0.5, 1.0)
    assert (late["first_seen"].month, late["last_seen"].month) == (1, 12)
    assert 3 <= len(late["evidence"]) <= 5
    texts = dict(frame.select("record_id", "text").iter_rows())
    for quote in late["evidence"]:
        assert texts[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_order_of_the_segments_changes_nothing(shuffler: Random) -> None:
    frame, vectors = segments()
    order = list(range(frame.height))
    shuffler.shuffle(order)

    straight, shuffled = found(frame, vectors), found(frame[order], vectors[order])

    assert_frame_equal(straight.themes, shuffled.themes, check_exact=True)
    assert_frame_equal(straight.mentions, shuffled.mentions, check_exact=True)
    assert straight.unassigned_share == shuffled.unassigned_share


def test_widest_reach_comes_first() -> None:
    frame, vectors = segments(each=15)
    kept = (~frame["text"].str.contains("rude staff") | frame["text"].str.contains("counter")).to_numpy()

    themes = found(frame.filter(pl.Series(kept)), vectors[kept]).themes

    assert themes["respondents"].to_list() == sorted(themes["respondents"].to_list(), reverse=True)
    assert themes["name"].to_list()[-1] == "Rude staff"


def test_reach_counts_respondents_where_they_are_known() -> None:
    frame, vectors = segments()
    frame = frame.with_columns(respondent_id=pl.when(pl.col("text").str.contains("late")).then(pl.lit("p1")))

    late = found(frame, vectors).themes.row(by_predicate=pl.col("name") == "Late delivery", named=True)

    assert (late["records"], late["respondents"]) == (12, 1)


def test_the_share_of_a_theme_is_of_all_counted_records_also_those_that_say_nothing() -> None:
    frame, vectors = segments(each=20)
    quiet = pl.col("record_id").is_in(["ru00", "ru01", "ba00"])
    frame = frame.with_columns(text=pl.when(quiet).then(pl.lit("great, I love it!")).otherwise("text"))
    duplicates = frame.with_columns(counted=~pl.col("record_id").is_in(["ba02", "ba03", "la02", "la03"]))

    for each, share in ((frame, 20 / 60), (duplicates, 18 / 56)):
        late = found(each, vectors).themes.row(by_predicate=pl.col("name") == "Late delivery", named=True)
        assert late["share"] == round(share, 6)


def test_the_tone_of_a_theme_has_intervals_that_are_wider_where_few_people_wrote_much() -> None:
    frame, vectors = segments()
    swinging = frame.with_columns(polarity=pl.when(pl.col("record_id").str.slice(2) < "06").then(-0.9).otherwise(0.3))
    few = swinging.with_columns(respondent_id=(pl.col("record_id").str.slice(2).cast(pl.Int64) // 3).cast(pl.String))

    one, other = (
        found(each, vectors).themes.row(by_predicate=pl.col("name") == "Late delivery", named=True)
        for each in (swinging, few)
    )

    assert one["polarity"] == other["polarity"] == -0.3
    assert -1 <= one["polarity_low"] < -0.3 < one["polarity_high"] <= 1
    assert other["polarity_high"] - other["polarity_low"] > 1.3 * (one["polarity_high"] - one["polarity_low"])
    assert (one["negative_share"], one["negative_low"] > 0.5, one["negative_high"]) == (1, True, 1)


def test_duplicates_are_mentioned_but_not_counted() -> None:
    frame, vectors = segments()
    frame = frame.with_columns(counted=~pl.col("record_id").is_in(["la00", "la01"]))

    finding = found(frame, vectors)

    assert finding.themes.row(by_predicate=pl.col("name") == "Late delivery", named=True)["records"] == 10
    assert {"la00", "la01"} <= set(finding.mentions["record_id"])
    assert not {"la00", "la01"} & {q["record_id"] for quotes in finding.themes["evidence"] for q in quotes}


def test_every_segment_is_mentioned_at_most_once_and_only_with_a_theme_of_the_table() -> None:
    finding = found(*segments())

    assert finding.mentions["segment_id"].is_unique().all()
    assert set(finding.mentions["theme_id"]) == set(finding.themes["theme_id"])


def test_boilerplate_belongs_to_no_theme_and_is_counted() -> None:
    frame, vectors = segments()
    frame = frame.with_columns(
        text=pl.when(pl.col("record_id").is_in(["la00", "ru01", "ba02"]))
        .then(pl.lit("great, I love it!"))
        .otherwise("text")
    )

    finding = found(frame, vectors)

    assert finding.boilerplate_share == round(3 / 36, 6)
    assert not {"la00", "ru01", "ba02"} & set(finding.mentions["record_id"])
    assert finding.unassigned_share == 0.0


def test_a_word_or_two_that_name_nothing_are_short_not_boilerplate() -> None:
    frame, vectors = segments(each=20)
    says = {"la00": "thanks", "ru01": "nice app", "ba02": "everything was very good"}
    frame = frame.with_columns(text=pl.col("record_id").replace_strict(says, default=pl.col("text")))

    finding = found(frame, vectors)

    assert (finding.short_share, finding.boilerplate_share) == (round(2 / 60, 6), round(1 / 60, 6))


def test_unassigned_segments_are_counted() -> None:
    frame, vectors = segments(each=20)
    frame = frame.with_columns(
        text=pl.when(pl.col("record_id").is_in(["la00", "ru01", "ba02"]))
        .then(pl.lit("a purple walrus"))
        .otherwise("text")
    )

    assert found(frame, vectors).unassigned_share == round(3 / 60, 6)


def test_too_few_segments_give_no_themes_and_say_so() -> None:
    frame, vectors = segments(each=5)

    finding = found(frame, vectors)

    assert finding.themes.height == finding.mentions.height == 0
    assert "Too few segments for themes: 15" in finding.notes[0]


def test_a_theme_keeps_its_id_when_other_records_bring_the_same_words() -> None:
    frame, vectors = segments()
    renamed = frame.with_columns(record_id="x" + pl.col("record_id"), segment_id="x" + pl.col("segment_id"))

    assert found(frame, vectors).themes["theme_id"].to_list() == found(renamed, vectors).themes["theme_id"].to_list()


def test_vectors_that_do_not_match_are_refused() -> None:
    frame, vectors = segments()
    with pytest.raises(ShapeMismatch, match="36 segments came with 35 vectors"):
        found(frame, vectors[:-1])


def test_new_records_are_assigned_to_the_themes_of_a_set_without_a_new_fit() -> None:
    frame, vectors = segments(each=20)
    half = np.arange(frame.height) % 2 == 0
    first = found(frame.filter(pl.Series(half)), vectors[half])

    finding = found(frame, vectors, theme_set=first.theme_set)

    assert finding.theme_set is first.theme_set
    assert finding.themes["name"].sort().to_list() == sorted(name.capitalize() for name in SUBJECTS)
    names = dict(finding.themes.select("theme_id", "name").iter_rows())
    texts = dict(frame.select("segment_id", "text").iter_rows())
    assert all(
        names[theme].lower() in texts[segment]
        for segment, theme in finding.mentions.select("segment_id", "theme_id").iter_rows()
    )
    assert_frame_equal(
        finding.mentions.join(first.mentions, on="segment_id", how="semi"), first.mentions, check_exact=True
    )


def with_more(frame: pl.DataFrame, vectors: np.ndarray, texts: Sequence[str]) -> tuple[pl.DataFrame, np.ndarray]:
    """Segments, and further ones that lie together where no other does."""
    more = frame[: len(texts)].with_columns(
        segment_id=pl.Series([f"zz{n:02d}:0-9" for n in range(len(texts))]),
        record_id=pl.Series([f"zz{n:02d}" for n in range(len(texts))]),
        text=pl.Series(texts),
    )
    return pl.concat([frame, more]), np.concatenate([vectors, around(["leaky pods"] * len(texts), scale=0.001)])


def test_what_emerges_beside_a_set_is_named_by_what_it_is_about() -> None:
    frame, vectors = segments()
    texts = [f"leaky pods of {number}" for number in NUMBERS]

    finding = found(*with_more(frame, vectors, texts), theme_set=found(frame, vectors).theme_set)

    assert finding.emerging.select("name", "records").rows() == [("Leaky pods", 12)]


def test_what_emerges_and_has_no_name_is_not_told() -> None:
    frame, vectors = segments()
    texts = [f"{number * 2} {number * 3}" for number in NUMBERS]

    finding = found(*with_more(frame, vectors, texts), theme_set=found(frame, vectors).theme_set)

    assert finding.emerging.is_empty()


def test_a_theme_without_a_name_is_none_and_its_segments_are_counted_as_unassigned() -> None:
    frame, vectors = segments()
    late = pl.col("record_id").str.starts_with("la")
    texts = pl.Series([f"late delivery{chr(97 + n)}" for n in range(frame.height)])

    finding = found(frame.with_columns(text=pl.when(late).then(texts).otherwise("text")), vectors)

    assert set(finding.themes["name"]) == {"Rude staff", "Battery life"}
    assert finding.unassigned_share == round(1 / 3, 6)
    assert not finding.mentions["record_id"].str.starts_with("la").any()


def test_a_set_may_be_used_on_fewer_segments_than_it_could_be_learned_from() -> None:
    frame, vectors = segments()
    learned = found(frame, vectors).theme_set

    assert found(frame[:3], vectors[:3], theme_set=learned).mentions.height == 3


@pytest.mark.parametrize(
    "text", ["Thanks!", "Good", "nice app", "n/a", "I love it so much", "██████ !!", "Nothing.", "👍👍"]
)
def test_segments_that_name_nothing_are_boilerplate(text: str) -> None:
    assert is_boilerplate(text)


@pytest.mark.parametrize(
    "text", ["late delivery", "The staff was rude", "runs small", "waiting times", "always on time"]
)
def test_segments_that_name_something_are_not(text: str) -> None:
    assert not is_boilerplate(text)


def test_keywords_are_fit_to_be_shown() -> None:
    assert list(presentable(["delivery", "the", "shit parcel", "███", "2024", "great", "late delivery"])) == [
        "delivery",
        "late delivery",
    ]
