"""Describe the themes of a set by who raises them: reach, tone, first and last time, quotes - on every level.

Invariants, tested: a record that does not count (a duplicate) adds to no figure; a theme's figures are those of
everything below it; the order of the segments changes no byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import THEMES, conform, empty
from textcx.steps.evidence import choose_evidence
from textcx.steps.statistics.tone import tone_of
from textcx.steps.themes.geometry.tree import path_up

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.sets import ThemeSet

QUOTES, NAMED_WEIGHT = 5, 1.25
"""Quotes shown per theme at most, and how much more welcome one is that holds the theme's name."""

FIGURES = (
    pl.col("record_id").n_unique().cast(pl.Int64).alias("records"),
    pl.coalesce("respondent_id", "record_id").n_unique().cast(pl.Int64).alias("respondents"),
    pl.col("created_at").min().alias("first_seen"),
    pl.col("created_at").max().alias("last_seen"),
)
"""How many raise a theme, since when and until when."""


def describe_themes(
    theme_set: ThemeSet, members: pl.DataFrame, vectors: NDArray[np.float32], *, language: Language, of: int
) -> pl.DataFrame:
    """Give figures and quotes of every theme of a set that is raised and not hidden.

    Members are segments of substance as ``find_themes`` takes them, sorted by ``segment_id``, with ``theme_id`` (a
    leaf, nullable) and ``strength``; the vectors are theirs. Shares are of
    ``of`` counted records. The frame of ``tables.THEMES`` is sorted by level, then
    widest reach first.
    """
    counted = members.with_row_index("point").filter(pl.col("counted"))
    raised = counted.filter(pl.col("theme_id").is_not_null()).rename({"theme_id": "leaf"})
    raised = raised.join(_above(theme_set), on="leaf", how="inner").sort("theme_id", "segment_id")
    if not raised.height:
        return empty(THEMES)
    figures = (
        raised.group_by("theme_id", maintain_order=True)
        .agg(*FIGURES)
        .join(tone_of(raised, ["theme_id"]), on="theme_id", how="left", maintain_order="left")
    )
    columns = ("theme_id", "parent_theme_id", "level", "name", "keywords", "stability")
    shown = pl.DataFrame(
        {column: [getattr(theme, column) for theme in theme_set.themes] for column in columns},
        schema={column: THEMES[column] for column in columns},
    )
    figures = figures.join(shown, on="theme_id", how="inner", maintain_order="left")
    groups = raised.partition_by("theme_id", as_dict=True, maintain_order=True)
    evidence = []
    for theme_id, name in figures.select("theme_id", "name").iter_rows():
        theirs = groups[theme_id,]
        words = [word for word in name.lower().replace(",", "").split() if word not in language.naming.stop_words]
        says_name = pl.col("text").str.to_lowercase().str.contains_any(words or [name.lower()])
        weight = pl.col("strength") * pl.when(says_name).then(NAMED_WEIGHT).otherwise(1.0)
        quotes = choose_evidence(
            theirs.with_columns(weight=weight),
            vectors[theirs["point"].to_numpy()],
            limit=QUOTES,
            continuing=language.pains.statements.continuing,
        )
        evidence.append(quotes)
    described = figures.with_columns(
        share=(pl.col("records") / of).round(6),
        evidence=pl.Series(evidence, dtype=THEMES["evidence"]),
    )
    ranked = described.sort("level", "respondents", "records", "theme_id", descending=[False, True, True, False])
    return conform(ranked.select(list(THEMES)), THEMES, name="themes")


def shown_leaves(theme_set: ThemeSet) -> frozenset[str]:
    """Ids of the leaves that are told: neither hidden nor below a hidden theme."""
    return frozenset(_above(theme_set)["leaf"])


def _above(theme_set: ThemeSet) -> pl.DataFrame:
    """Each leaf with itself and every theme above it, where none of them is hidden."""
    by_id = {theme.theme_id: theme for theme in theme_set.themes}
    paths = [path_up(by_id, leaf.theme_id) for leaf in theme_set.leaves()]
    rows = [(path[0], each) for path in paths if not any(by_id[above].hidden for above in path) for each in path]
    return pl.DataFrame(rows, schema={"leaf": pl.String, "theme_id": pl.String}, orient="row")
