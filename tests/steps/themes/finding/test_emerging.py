"""Dense groups among what a set does not explain are proposed; anything else is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from languages import STATEMENTS

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import EMERGING
from textcx.domain.themes.sets import MEMBERS, StrengthCurve, Theme, ThemeSet
from textcx.steps.themes.finding import emerging
from textcx.steps.themes.finding.emerging import closeness_of, densest, density_of
from textcx.steps.themes.geometry.lattice import on_lattice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def find_emerging(frame: pl.DataFrame, vectors: NDArray[np.float32], theme_set: ThemeSet, **more: Any) -> pl.DataFrame:
    """Propose themes beside a set; by default nothing was received but what it does not explain."""
    received = frame.select("record_id", "created_at", "counted").unique("record_id", maintain_order=True)
    more = {"name": called, "received": received, "segments": int(frame["counted"].sum()), **more}
    return emerging.find_emerging(frame, vectors, theme_set, continuing=STATEMENTS.continuing, **more)


WIDTH = 48
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def direction(number: int) -> NDArray[np.float64]:
    return np.eye(WIDTH)[number]


def around(centre: NDArray[np.float64], count: int, *, spread: float = 0.12, seed: int = 0) -> NDArray[np.float32]:
    return unit(centre + spread * np.random.default_rng(seed).normal(size=(count, WIDTH)))


def a_set(*, spread: float = 0.12) -> ThemeSet:
    """Five themes of twenty segments each, around the first five axes."""
    vectors = np.concatenate([around(direction(number), 20, spread=spread, seed=number) for number in range(5)])
    ids = [f"old{number:03d}:0-9" for number in range(100)]
    owners = [f"t{number // 20}" for number in range(100)]
    return ThemeSet(
        set_id="s",
        version=1,
        encoder_id="e",
        themes=tuple(Theme(theme_id=f"t{n}", parent_theme_id=None, level=1, name=f"theme {n}") for n in range(5)),
        origin=np.zeros(WIDTH, dtype=np.float32),
        prototypes=np.eye(5, WIDTH, dtype=np.float32),
        owners=tuple(f"t{number}" for number in range(5)),
        curve=StrengthCurve(0.0, 1.0, 1.0, 0.4),
        members=pl.DataFrame({"segment_id": ids, "record_id": ids, "theme_id": owners, "strength": [0.9] * 100}, schema=MEMBERS),
        sample_ids=tuple(ids),
        sample=vectors.astype(np.float16),
        exceptions=np.zeros((0, WIDTH), dtype=np.float32),
    )  # fmt: skip


def segments(count: int, *, first: int = 0, word: str = "pods", days: Sequence[int] | None = None) -> pl.DataFrame:
    rows = range(first, first + count)
    texts = [f"the {word} leak, case {row}" for row in rows]
    return pl.DataFrame(
        {
            "segment_id": [f"r{row:04d}:0-{len(text)}" for row, text in zip(rows, texts, strict=True)],
            "record_id": [f"r{row:04d}" for row in rows],
            "start": 0,
            "end": [len(text) for text in texts],
            "text": texts,
            "created_at": [START + timedelta(days=day) for day in (days or range(count))],
            "polarity": -0.5,
            "counted": True,
            "respondent_id": None,
        },
        schema_overrides={
            "segment_id": pl.String,
            "record_id": pl.String,
            "text": pl.String,
            "start": pl.Int64,
            "end": pl.Int64,
            "polarity": pl.Float64,
            "counted": pl.Boolean,
            "respondent_id": pl.String,
            "created_at": pl.Datetime("us", "UTC"),
        },
    )


def called(groups: Sequence[pl.DataFrame]) -> list[str]:
    return [f"group of {group['text'][0].split()[1]}" for group in groups]


def unexplained(*, dense: int = 12, noise: int = 60) -> tuple[pl.DataFrame, NDArray[np.float32]]:
    """A dense group around an axis the set does not have, and segments about nothing in common."""
    frame = pl.concat([segments(dense), segments(noise, first=dense, word="noise")])
    vectors = np.concatenate(
        [around(direction(20), dense, seed=50), unit(np.random.default_rng(60).normal(size=(noise, WIDTH)))]
    )
    return frame, vectors


def test_a_dense_group_is_proposed_with_its_figures_and_quotes() -> None:
    frame, vectors = unexplained()
    found = find_emerging(frame, vectors, a_set())
    assert found.schema == EMERGING
    assert found.height == 1
    group = found.row(0, named=True)
    assert group["name"] == "group of pods"
    assert 10 <= group["records"] <= 13
    assert group["share_unexplained"] == round(group["records"] / 72, 6)
    assert group["polarity"] == -0.5
    assert [quote["record_id"] for quote in group["first_quotes"]] == ["r0000", "r0001", "r0002"]
    texts = dict(frame.select("record_id", "text").iter_rows())
    for quote in [*group["first_quotes"], *group["evidence"]]:
        assert texts[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


def test_segments_without_anything_in_common_propose_nothing() -> None:
    frame, vectors = unexplained(dense=0, noise=80)
    assert find_emerging(frame, vectors, a_set()).height == 0


def test_nothing_unexplained_proposes_nothing() -> None:
    frame, vectors = unexplained()
    assert find_emerging(frame.head(0), vectors[:0], a_set()).schema == EMERGING


def test_a_group_looser_than_the_sets_own_themes_is_not_proposed() -> None:
    frame, _ = unexplained(dense=30, noise=0)
    loose = around(direction(20), 30, spread=0.3)
    assert find_emerging(frame, loose, a_set(spread=0.05)).height == 0
    assert find_emerging(frame, loose, a_set(spread=0.5)).height == 1


def test_stragglers_of_a_theme_of_the_set_are_no_new_theme() -> None:
    frame = segments(12)
    assert find_emerging(frame, around(direction(3), 12), a_set()).height == 0
    assert find_emerging(frame, around(direction(13), 12), a_set()).height == 1


def test_a_group_of_too_few_records_is_not_proposed() -> None:
    frame, vectors = unexplained(dense=4, noise=40)
    assert find_emerging(frame, vectors, a_set()).height == 0
    one_record = pl.concat([segments(12).with_columns(record_id=pl.lit("r0"))])
    assert find_emerging(one_record, around(direction(20), 12), a_set()).height == 0


def test_a_text_that_is_passed_around_is_no_theme() -> None:
    frame = segments(12).with_columns(text=pl.lit("the pods leak, case 0"), end=21)
    vectors = np.repeat(around(direction(20), 1), 12, axis=0)
    assert find_emerging(frame, vectors, a_set()).height == 0


def test_records_that_do_not_count_add_to_no_figure() -> None:
    frame, vectors = unexplained()
    with_copies = pl.concat([frame, segments(6, first=200).with_columns(counted=pl.lit(value=False))])
    more = np.concatenate([vectors, around(direction(20), 6, seed=70)])
    one = find_emerging(frame, vectors, a_set())
    other = find_emerging(with_copies, more, a_set())
    assert other["records"].to_list() == one["records"].to_list()
    assert other["share_unexplained"].to_list() == one["share_unexplained"].to_list()


def test_the_order_of_the_segments_changes_no_byte() -> None:
    frame, vectors = unexplained(dense=20)
    order = np.random.default_rng(5).permutation(frame.height)
    one = find_emerging(frame, vectors, a_set())
    other = find_emerging(frame[order], vectors[order], a_set())
    assert one.height == 1
    assert one.equals(other)


def test_two_groups_are_told_apart_and_share_no_segment() -> None:
    frame = pl.concat([segments(15), segments(9, first=15, word="lids")])
    vectors = np.concatenate([around(direction(20), 15), around(direction(30), 9)])
    found = find_emerging(frame, vectors, a_set())
    assert found["name"].to_list() == ["group of pods", "group of lids"]
    assert found["segments"].sum() <= 24
    assert found["emerging_id"].n_unique() == 2


def test_a_group_without_a_name_is_left_out() -> None:
    frame = pl.concat([segments(15), segments(9, first=15, word="lids")])
    vectors = np.concatenate([around(direction(20), 15), around(direction(30), 9)])
    found = find_emerging(frame, vectors, a_set(), name=lambda groups: [None for _ in groups[1:]] + ["the last"])
    assert found["name"].to_list() == ["the last"]
    assert found["first_quotes"][0][0]["quote"].startswith("the lids")


def test_the_nearest_theme_of_the_set_is_named() -> None:
    between = direction(3) + 1.6 * direction(20)
    found = find_emerging(segments(15), around(between, 15), a_set()).row(0, named=True)
    assert found["nearest_theme_id"] == "t3"
    assert 0.3 < found["nearest_cosine"] < 0.7


def received(days: Sequence[int]) -> pl.DataFrame:
    return segments(len(days), days=days).select("record_id", "created_at", "counted")


def beside(frame: pl.DataFrame, days: int) -> pl.DataFrame:
    """A frame's records and three hundred others, spread over so many days."""
    others = received([number % days for number in range(300)])
    others = others.with_columns(pl.format("x{}", "record_id").alias("record_id"))
    return pl.concat([frame.select("record_id", "created_at", "counted"), others])


def with_leftovers(theme_set: ThemeSet, vectors: NDArray[np.float32]) -> ThemeSet:
    """The set, had it been learned from these segments as well and found no theme for them."""
    ids = [f"zz{number:04d}:0-9" for number in range(len(vectors))]
    alone = pl.DataFrame({"segment_id": ids, "record_id": ids, "theme_id": None, "strength": None}, schema=MEMBERS)
    return replace(
        theme_set,
        members=pl.concat([theme_set.members, alone]),
        sample_ids=(*theme_set.sample_ids, *ids),
        sample=np.concatenate([theme_set.sample, vectors.astype(np.float16)]),
    )


def test_leftovers_that_the_set_has_always_had_are_not_proposed() -> None:
    frame, vectors = unexplained(dense=12)
    always = with_leftovers(a_set(), around(direction(20), 12, seed=51))
    assert find_emerging(frame, vectors, always).is_empty()
    elsewhere = with_leftovers(a_set(), around(direction(30), 12, seed=51))
    assert find_emerging(frame, vectors, elsewhere)["expected"].to_list() == [0.0]


def test_a_group_of_a_size_that_leftovers_reach_by_chance_is_not_proposed() -> None:
    frame, vectors = unexplained(dense=6)
    assert find_emerging(frame, vectors, a_set()).is_empty()


def test_a_group_that_is_new_is_proposed_though_the_set_had_such_leftovers() -> None:
    days = [50 - number // 4 for number in range(12)]
    frame = segments(12, days=days)
    always = with_leftovers(a_set(), around(direction(20), 12, seed=51))
    found = find_emerging(frame, around(direction(20), 12), always, received=beside(frame, 52)).row(0, named=True)
    assert found["direction"] == "new"
    assert found["growth"] is None
    assert found["expected"] > 0


def test_a_set_that_kept_no_vectors_has_nothing_to_compare_with_and_says_so() -> None:
    bare = replace(a_set(), sample_ids=(), sample=np.zeros((0, WIDTH), dtype=np.float16))
    frame, vectors = unexplained(dense=6)
    assert find_emerging(frame, vectors, bare)["expected"].to_list() == [None]


def test_a_group_that_is_said_ever_more_often_is_rising() -> None:
    days = [3, 8, 15, 22, *(28 + number // 2 for number in range(48))]
    frame = segments(len(days), days=days)
    found = find_emerging(frame, around(direction(20), len(days)), a_set(), received=beside(frame, 52)).row(
        0, named=True
    )
    assert found["direction"] == "rising"
    assert found["ci_low"] > 1.0
    assert found["growth"] > found["ci_low"]
    assert sum(period["records"] for period in found["periods"]) == found["records"]
    assert sum(period["of"] for period in found["periods"]) == len(days) + 300


def test_growth_of_everything_is_no_growth_of_a_group() -> None:
    days = [day for day in range(35) for _ in range(1 + day // 7)]
    frame = segments(len(days[::5]), days=days[::5])
    rest = received(days).with_columns(pl.format("x{}", "record_id").alias("record_id"))
    everything = pl.concat([frame.select("record_id", "created_at", "counted"), rest])
    found = find_emerging(frame, around(direction(20), frame.height), a_set(), received=everything)
    assert found["direction"].to_list() == ["steady"]
    assert found["ci_low"][0] < 1.0 < found["ci_high"][0]


def test_without_dates_nothing_is_said_about_growth() -> None:
    frame = segments(12).with_columns(created_at=pl.lit(None, pl.Datetime("us", "UTC")))
    found = find_emerging(frame, around(direction(20), 12), a_set()).row(0, named=True)
    assert found["direction"] == "unknown"
    assert found["growth"] is None
    assert found["first_quotes"] == []
    assert len(found["evidence"]) == 3


def test_a_set_that_kept_too_few_vectors_counts_as_usual() -> None:
    small = a_set()
    few = ThemeSet(**{field: getattr(small, field) for field in small.__slots__} | {"sample_ids": small.sample_ids[:3], "sample": small.sample[:3]})  # fmt: skip
    assert density_of(few) == (0.30, 0.50)
    assert density_of(small)[0] > density_of(a_set(spread=0.3))[0]


def test_closeness_is_the_mean_cosine_of_all_pairs() -> None:
    vectors = around(direction(1), 6)
    lattice = on_lattice(vectors)
    pairs = vectors @ vectors.T
    mean = (pairs.sum() - np.trace(pairs)) / 30
    assert closeness_of(lattice) == pytest.approx(mean, abs=1e-3)
    assert closeness_of(lattice[:1]) == 0.0


def test_more_segments_than_are_searched_join_the_groups_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcx.steps.themes.finding.emerging.MOST", 40)
    lattice = on_lattice(around(direction(20), 100))
    labels = densest(lattice, tightness=0.3, reach=0.5)
    assert (labels == 0).sum() >= 90


def test_vectors_of_another_encoder_are_refused() -> None:
    frame, vectors = unexplained()
    with pytest.raises(ShapeMismatch, match="the set's encoder"):
        find_emerging(frame, vectors[:, 1:], a_set())
