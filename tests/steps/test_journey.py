"""The journey: touchpoints decide, examples and cues tell the rest, and unknown is an answer."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from fakes import NO_MATTERS
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.domain.encoding import Encoding
from textcx.domain.errors import ShapeMismatch
from textcx.domain.lexicons.journey import UNKNOWN, JourneyStage, JourneyTaxonomy
from textcx.domain.matters import Nearness
from textcx.domain.tables import JOURNEY
from textcx.steps.journey import (
    FIT_SAMPLE,
    JourneyFit,
    find_primary_stages,
    fit_journey,
    place_segments_on_journey,
    stage_vectors,
    summarize_journey,
)

SHIPPED = ENGLISH.journey
SMALL = JourneyTaxonomy(
    stages=(
        JourneyStage("delivery", "Delivery", 0, "d", ("the parcel arrived late",), ("courier*",), ("Shipping",)),
        JourneyStage("use", "Use", 1, "u", ("the seat was hard",), ("seat|seats",), ("On board",)),
    ),
    background=("great", "very bad"),
    name="small",
)
TRIPS = JourneyTaxonomy(
    stages=(
        JourneyStage("booking", "Booking", 0, "b", ("we booked the cabin",), ("booked",), ("Web",)),
        JourneyStage("stay", "Stay", 1, "s", ("the cabin had a view",), ("view",), ("Cabin",)),
    ),
    background=SMALL.background,
    name="trips",
)


class WordEncoder:
    """Turns a text into the counts of its words, hashed: equal words are alike, others are not."""

    encoder_id = "words"
    confident_at = 0.5
    near = Nearness()

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:  # noqa: ARG002 - the port's
        matrix = np.full((len(texts), 256), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                matrix[row, int.from_bytes(hashlib.blake2b(word.encode(), digest_size=1).digest())] += 1.0
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        nothing = np.zeros(len(texts), dtype=np.float32)
        matrix = matrix if vectors else matrix[:0]
        return Encoding(
            np.zeros((len(texts), 3), np.float32),
            nothing,
            nothing,
            np.zeros((len(texts), 4), np.float32),
            matrix,
            nothing.astype(np.int32),
        )


ENCODER = WordEncoder()


def _place(
    texts: Sequence[str], *, touchpoints: Sequence[str | None] | None = None, taxonomy: JourneyTaxonomy = SMALL
) -> pl.DataFrame:
    segments = pl.DataFrame({
        "segment_id": [f"s{number:03d}" for number in range(len(texts))], "text": list(texts),
        "touchpoint": list(touchpoints or [None] * len(texts)),
    }, schema_overrides={"text": pl.String, "touchpoint": pl.String})  # fmt: skip
    return place_segments_on_journey(
        segments,
        ENCODER.encode(texts).matters,
        taxonomy=taxonomy,
        stage_vectors=stage_vectors(taxonomy, ENCODER, NO_MATTERS),
    )


def test_a_touchpoint_that_maps_onto_a_stage_decides() -> None:
    placed = _place(["the seat was hard"], touchpoints=["SHIPPING"])
    assert placed.row(0) == ("s000", "delivery", 1.0)


def test_a_touchpoint_nobody_mapped_leaves_the_text_to_decide() -> None:
    assert _place(["the seat was hard"], touchpoints=["kiosk"])["stage"].to_list() == ["use"]


def test_text_like_an_example_takes_its_stage() -> None:
    assert _place(["parcel arrived late again"])["stage"].to_list() == ["delivery"]


def test_a_cue_word_tips_a_text_that_examples_leave_open() -> None:
    assert _place(["couriers on the stairs arrived"])["stage"].to_list() == ["delivery"]


def test_a_verdict_about_nothing_in_particular_is_unknown() -> None:
    placed = _place(["great", "very bad", "purple monday"])
    assert placed["stage"].to_list() == [UNKNOWN] * 3
    assert placed["stage_confidence"].min() >= 0.5


def test_a_known_matter_speaks_for_its_stage_and_one_of_none_for_none() -> None:
    known = replace(SMALL, matters=(("purple monday", "use"), ("green tuesday", UNKNOWN)))
    texts = ["purple monday", "green tuesday"]
    assert _place(texts)["stage"].to_list() == [UNKNOWN, UNKNOWN]
    assert _place(texts, taxonomy=known)["stage"].to_list() == ["use", UNKNOWN]


def test_no_segments_give_no_places() -> None:
    assert _place([]).height == 0


def test_vectors_of_other_segments_are_refused() -> None:
    segments = pl.DataFrame({"segment_id": ["a"], "text": ["x"]})
    with pytest.raises(ShapeMismatch, match="1 segments came with 2 vectors"):
        place_segments_on_journey(
            segments,
            np.ones((2, 256), np.float32),
            taxonomy=SMALL,
            stage_vectors=stage_vectors(SMALL, ENCODER, NO_MATTERS),
        )


@settings(deadline=None)
@given(st.permutations(list(range(6))))
def test_the_order_of_segments_moves_no_stage(order: list[int]) -> None:
    texts = ["the seat was hard", "great", "parcel late", "courier was kind", "seats and parcels", "hm"]
    segments = pl.DataFrame({"segment_id": [f"s{n}" for n in range(6)], "text": texts})
    vectors, examples = ENCODER.encode(texts).matters, stage_vectors(SMALL, ENCODER, NO_MATTERS)
    straight = place_segments_on_journey(segments, vectors, taxonomy=SMALL, stage_vectors=examples)
    mixed = place_segments_on_journey(segments[order], vectors[order], taxonomy=SMALL, stage_vectors=examples)
    assert mixed["stage"].to_list() == straight["stage"].to_list()
    assert mixed["stage_confidence"].to_list() == pytest.approx(straight["stage_confidence"].to_list(), abs=1e-6)


def _fit(texts: Sequence[str], **columns: Sequence[object]) -> JourneyFit:
    segments = pl.DataFrame({
        "segment_id": [f"s{number:04d}" for number in range(len(texts))], "text": list(texts),
        "counted": [True] * len(texts), **columns,
    }, schema_overrides={"text": pl.String, "counted": pl.Boolean})  # fmt: skip
    return fit_journey(
        segments, ENCODER.encode(texts).matters, candidates=(SMALL, TRIPS), encoder=ENCODER, known=NO_MATTERS
    )


def test_a_file_takes_the_journey_of_the_sector_that_its_remarks_are_near_to_and_is_told_so() -> None:
    fit = _fit(["we booked the cabin", "the cabin had a view", "booked a view"] * 4)
    assert fit.taxonomy is TRIPS
    assert fit.shares["trips"] > fit.shares["small"]
    assert len(fit.notes) == 1
    assert "'trips' fits best" in fit.notes[0]
    assert f"{fit.shares['trips']:.0%} of what is near" in fit.notes[0]


@pytest.mark.parametrize(
    "texts",
    [
        ["great", "very bad", "purple monday"],
        ["we booked the cabin", "purple monday", "green tuesday", "great"],
        ["the seat was hard"] * 30 + ["the cabin had a view"],
    ],
    ids=["nobody's", "a single hint among few", "the first one's"],
)
def test_where_no_sector_is_clearly_nearer_the_first_journey_stays(texts: list[str]) -> None:
    fit = _fit(texts)
    assert fit.taxonomy is SMALL
    assert "'small' fits best" in fit.notes[0]


def test_duplicates_have_no_say_in_the_choice_of_a_journey() -> None:
    texts = ["the seat was hard"] * 10 + ["we booked the cabin"] * 90
    assert _fit(texts, counted=[True] * 10 + [False] * 90).taxonomy is SMALL


def test_touchpoints_of_the_file_speak_for_the_journey_that_knows_them() -> None:
    assert _fit(["purple monday"] * 9, touchpoint=["cabin"] * 9).taxonomy is TRIPS


def test_a_file_without_segments_takes_the_first_journey_and_needs_no_note() -> None:
    assert (_fit([]).taxonomy, _fit([]).notes, _fit([]).shares) == (SMALL, (), {})


def test_a_journey_that_was_named_is_taken_without_a_look_at_the_file() -> None:
    segments = pl.DataFrame({"segment_id": ["a"], "text": ["the seat was hard"], "counted": [True]})
    vectors = ENCODER.encode(segments["text"].to_list()).matters
    fit = fit_journey(segments, vectors, candidates=(TRIPS,), encoder=ENCODER, known=NO_MATTERS)
    assert (fit.taxonomy, fit.notes, fit.shares) == (TRIPS, (), {})


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_a_file_larger_than_the_sample_does_not_move_its_fit(seed: int) -> None:
    texts = [f"{word} {number}" for number in range(FIT_SAMPLE) for word in ("we booked the cabin", "the seat")]
    order = np.random.default_rng(seed).permutation(len(texts))
    segments = pl.DataFrame({"segment_id": [f"s{n}" for n in range(len(texts))], "text": texts, "counted": True})
    vectors = ENCODER.encode(texts).matters
    straight, mixed = (
        fit_journey(rows, found, candidates=(SMALL, TRIPS), encoder=ENCODER, known=NO_MATTERS)
        for rows, found in ((segments, vectors), (segments[order], vectors[order]))
    )
    assert (mixed.taxonomy, mixed.shares) == (straight.taxonomy, straight.shares)


def test_the_stage_with_most_confidence_is_a_records_primary_stage_and_unknown_only_without_another() -> None:
    segments = pl.DataFrame({
        "record_id": ["a", "a", "a", "b", "c", "c"],
        "stage": [UNKNOWN, UNKNOWN, "use", UNKNOWN, "use", "delivery"],
        "stage_confidence": [0.9, 0.9, 0.5, 0.8, 0.7, 0.7],
    })  # fmt: skip
    found = find_primary_stages(segments, taxonomy=SMALL)
    assert dict(found.iter_rows()) == {"a": "use", "b": UNKNOWN, "c": "delivery"}


def _sentiment(
    stages: Sequence[str], polarity: Sequence[float], records: Sequence[str], counted: Sequence[bool]
) -> pl.DataFrame:
    return pl.DataFrame({
        "segment_id": [f"s{n}" for n in range(len(stages))], "record_id": list(records), "stage": list(stages),
        "polarity": list(polarity), "label": ["negative" if p < 0 else "positive" for p in polarity],
        "counted": list(counted), "respondent_id": [None] * len(stages),
    }, schema_overrides={"respondent_id": pl.String})  # fmt: skip


def test_the_journey_table_lists_every_stage_in_order_with_unknown_last() -> None:
    table = summarize_journey(_sentiment(["use"], [0.5], ["a"], [True]), taxonomy=SMALL)
    assert table["stage"].to_list() == ["delivery", "use", UNKNOWN]
    assert table.row(0, named=True)["polarity"] is None
    assert table["segments"].to_list() == [0, 1, 0]


def test_duplicates_are_not_counted_in_the_journey() -> None:
    table = summarize_journey(
        _sentiment(["use"] * 3, [0.5, -1.0, -1.0], ["a", "b", "c"], [True, False, False]), taxonomy=SMALL
    )
    assert table.row(1, named=True)["negative_share"] == 0.0
    assert table.row(1, named=True)["respondents"] == 1


def test_the_interval_is_nearly_students_where_every_segment_is_another_persons() -> None:
    values = np.linspace(-0.6, 0.8, 200)
    table = summarize_journey(
        _sentiment(["use"] * 200, values.tolist(), [f"r{n}" for n in range(200)], [True] * 200), taxonomy=SMALL
    )
    row = table.row(1, named=True)
    margin = 1.972 * values.std(ddof=1) / 200**0.5
    assert (row["polarity"], row["ci_low"], row["ci_high"]) == pytest.approx(
        (0.1, 0.1 - margin, 0.1 + margin), abs=0.005
    )


def test_a_single_segment_has_no_interval_and_stands_out_from_nothing() -> None:
    table = summarize_journey(_sentiment(["use"], [0.5], ["a"], [True]), taxonomy=SMALL)
    nothing = ["ci_low", "ci_high", "polarity_q", "negative_low", "negative_high", "negative_q"]
    assert table.select(nothing).row(1) == (None,) * 6
    assert dict(table.schema) == dict(JOURNEY)


def test_a_stage_that_is_worse_than_the_others_stands_out() -> None:
    stages, values = ["use"] * 40 + ["delivery"] * 40, [0.8, 0.6] * 20 + [-0.8, -0.6] * 20
    table = summarize_journey(_sentiment(stages, values, [f"r{n}" for n in range(80)], [True] * 80), taxonomy=SMALL)
    worse = table.row(0, named=True)
    assert (worse["negative_share"], worse["negative_low"] > 0.9, worse["negative_high"]) == (1, True, 1)
    assert worse["polarity_q"] < 0.001 > worse["negative_q"]
    assert table["polarity_q"].to_list()[2] is None


def test_many_segments_of_few_people_make_no_narrow_interval() -> None:
    values = [0.9] * 10 + [-0.9] * 10
    few = summarize_journey(_sentiment(["use"] * 20, values, ["a"] * 10 + ["b"] * 10, [True] * 20), taxonomy=SMALL)
    many = summarize_journey(
        _sentiment(["use"] * 20, values, [f"r{n}" for n in range(20)], [True] * 20), taxonomy=SMALL
    )
    width = [table.row(1, named=True)["ci_high"] - table.row(1, named=True)["ci_low"] for table in (few, many)]
    assert width[0] > width[1]


@settings(deadline=None)
@given(st.permutations(list(range(8))))
def test_the_order_of_segments_moves_no_figure_of_the_journey(order: list[int]) -> None:
    frame = _sentiment(
        ["use", "delivery"] * 4, [0.1, -0.3, 0.7, 0.9, -0.2, 0.3, 0.11, -0.77], list("aabbccdd"), [True] * 8
    )
    assert summarize_journey(frame[order], taxonomy=SMALL).equals(summarize_journey(frame, taxonomy=SMALL))
