"""Find the themes of a set of segments: what people talk about, how many do, in what tone, with quotes.

Segments that say nothing about anything ("thanks", "nice app", "n/a") are boilerplate: counted, but in no theme. The
theme model groups the rest. A group is a theme only if it has a name in its customers' words; groups that would need
the same name are one theme, and a heap of general remarks is none: its segments stay unassigned, and are counted so.

Invariants, tested: the order of the segments changes no byte; every segment is mentioned at most once; names are
unique; a record that does not count (a duplicate) is mentioned but adds to no figure.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import MENTIONS, THEMES, conform, empty
from textcx.domain.themes import (
    EVALUATIONS,
    GENERAL_OBJECTS,
    MIN_SEGMENTS,
    PROFANITY,
    STOP_WORDS,
    ThemeFinding,
)
from textcx.steps.evidence import choose_evidence
from textcx.steps.name_candidates import tokens
from textcx.steps.theme_names import ThemeWords, name_themes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from textcx.ports import PhraseFinder, ThemeModel, TopicFit

NAMING_MEMBERS = 500
"""Member segments of a theme that its name is sought in."""

CENTRAL, SPREAD = 24, 24
"""Exemplars of a theme whose phrases may become its name: the strongest members, and others spread over the rest."""

KEYWORDS = 10
"""Keywords shown per theme."""

QUOTES = 5
"""Quotes shown per theme at most."""

NAMED_WEIGHT = 1.25
"""How much more welcome a quote is that holds the theme's name."""

SAYS_NOTHING = STOP_WORDS | EVALUATIONS | GENERAL_OBJECTS


def is_boilerplate(text: str) -> bool:
    """Whether a segment names nothing that it could be about: only stop words, judgements and general objects."""
    return not any(len(word) > 2 and word not in SAYS_NOTHING for word in tokens(text))  # noqa: PLR2004 - "tv", "uk"


def find_themes(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    model: ThemeModel,
    phrases: PhraseFinder,
    seed: int = 0,
    min_segments: int = MIN_SEGMENTS,
    quotes: int = QUOTES,
) -> ThemeFinding:
    """Find themes in segments.

    Args:
        segments: ``segment_id`` (unique), ``record_id``, ``start``, ``end``, ``text`` (redacted), ``label``,
        ``polarity``,
            ``counted`` (false for records that are duplicates), ``respondent_id`` and ``created_at`` (both nullable).
        vectors: Vectors of the segments in their order, unit length. Shape ``(segments, width)``.
        model: Groups the segments.
        phrases: Finds the phrases that themes are named with.
        seed: Seed for the model, at least 0.
        min_segments: With fewer segments that are no boilerplate, no themes are sought, and a note says so.
        quotes: Quotes per theme at most.

    Returns:
        Themes with their figures and quotes, and which segment raises which.

    Raises:
        ShapeMismatch: If there is not one vector per segment.
    """
    if len(vectors) != segments.height:
        msg = f"themes need one vector per segment: {segments.height} segments came with {len(vectors)} vectors"
        raise ShapeMismatch(msg)
    order = segments.with_row_index("row").sort("segment_id")["row"].to_numpy()
    frame = segments[order]
    substantive = np.array([not is_boilerplate(text) for text in frame["text"]], dtype=bool)
    counted = frame["counted"].to_numpy()
    boilerplate_share = _share(~substantive & counted, counted)
    kept = frame.filter(pl.Series(substantive, dtype=pl.Boolean))
    if int((substantive & counted).sum()) < min_segments:
        found = int((substantive & counted).sum())
        note = f"Too few segments for themes: {found} of substance, at least {min_segments} are needed."
        return ThemeFinding(empty(THEMES), empty(MENTIONS), 1.0 if kept.height else 0.0, boilerplate_share, (note,))
    points = vectors[order[substantive]]
    fit = model.fit(kept["text"].to_list(), points, seed=seed)
    members = kept.with_columns(topic=pl.Series(fit.topics), strength=pl.Series(fit.strengths)).with_row_index("point")
    named = _name(members, fit, phrases=phrases)
    members = members.join(named.select("topic", "theme_id", "name", "keywords"), on="topic", how="left").sort("point")
    themes = _describe(members, points, quotes=quotes)
    mentions = members.filter(pl.col("theme_id").is_in(themes["theme_id"].to_list())).sort("segment_id")
    unassigned = members["counted"].to_numpy() & members["theme_id"].is_null().to_numpy()
    return ThemeFinding(
        themes,
        mentions.select(pl.col(name).cast(dtype) for name, dtype in MENTIONS.items()),
        _share(unassigned, members["counted"].to_numpy()),
        boilerplate_share,
        _notes(themes),
    )


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    """Share of the marked, 0..1; 0 of nothing."""
    return round(float(part.sum()) / max(1, int(whole.sum())), 6)


def _notes(themes: pl.DataFrame) -> tuple[str, ...]:
    """What the reader should know about the themes as a whole."""
    if themes.height:
        return ()
    return ("No themes: the segments have too little in common to form any.",)


def _name(members: pl.DataFrame, fit: TopicFit, *, phrases: PhraseFinder) -> pl.DataFrame:
    """Name the topics: one row per topic that is a theme, several topics may share one theme."""
    words: list[ThemeWords] = []
    ids: list[str] = []
    for topic in range(len(fit.keywords)):
        strongest = (
            members.filter(pl.col("topic") == topic)
            .sort("strength", "text", "segment_id", descending=[True, False, False])
            .unique("text", keep="first", maintain_order=True)
        )
        texts = strongest["text"].to_list()
        exemplars = [*texts[:CENTRAL], *_spread(texts[CENTRAL:], SPREAD)]
        shown = strongest[_places(strongest.height, NAMING_MEMBERS)]
        keywords = list(presentable(fit.keywords[topic]))
        words.append(ThemeWords(shown["text"].to_list(), shown["polarity"].to_list(), exemplars, keywords))
        ids.append(_theme_id(texts[:CENTRAL]))
    names = name_themes(words, phrases=phrases)
    rows = []
    for topic, name in enumerate(names):
        theme = topic if name.same_as is None else name.same_as
        if names[theme].name is not None:
            rows.append((topic, ids[theme], names[theme].name, words[theme].keywords[:KEYWORDS], theme))
    frame = pl.DataFrame(
        rows,
        schema={
            "topic": pl.Int64, "theme_id": pl.String, "name": pl.String, "keywords": pl.List(pl.String),
            "theme": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    # Equal exemplars with different vectors would give two themes one id: the later ones get a number.
    occurrence = pl.col("theme").rank("dense").over("theme_id")
    return frame.with_columns(
        theme_id=pl.when(occurrence > 1).then(pl.format("{}-{}", "theme_id", occurrence)).otherwise(pl.col("theme_id"))
    )


def _places(total: int, wanted: int) -> list[int]:
    """Places of at most ``wanted`` of ``total`` things, evenly spread, the first among them."""
    if total <= wanted:
        return list(range(total))
    return [index * total // wanted for index in range(wanted)]


def _spread(texts: Sequence[str], wanted: int) -> list[str]:
    """At most ``wanted`` of the texts, evenly spread."""
    return [texts[place] for place in _places(len(texts), wanted)]


def _theme_id(exemplars: Sequence[str]) -> str:
    """An opaque id from the content of a theme's exemplars."""
    content = "\n".join(sorted(exemplars)).encode("utf-8", "surrogatepass")
    return f"t{hashlib.blake2b(content, digest_size=6).hexdigest()}"


def presentable(keywords: Iterable[str]) -> Iterable[str]:
    """Keywords that may be shown: no stop words, masks, figures, profanity or bare judgements, each word once."""
    for keyword in keywords:
        words = tokens(keyword)
        if " ".join(words) != keyword or any(word in PROFANITY for word in words):
            continue
        if not all(word in STOP_WORDS or word in EVALUATIONS for word in words):
            yield keyword


def _describe(members: pl.DataFrame, points: NDArray[np.float32], *, quotes: int) -> pl.DataFrame:
    """Figures and quotes of the themes; only records that count are counted or quoted."""
    counted = members.filter(pl.col("counted"))
    raised = counted.filter(pl.col("theme_id").is_not_null())
    if not raised.height:
        return empty(THEMES)
    everyone = max(1, counted["record_id"].n_unique())
    figures = raised.group_by("theme_id").agg(
        name=pl.col("name").first(),
        keywords=pl.col("keywords").first(),
        records=pl.col("record_id").n_unique().cast(pl.Int64),
        respondents=pl.coalesce("respondent_id", "record_id").n_unique().cast(pl.Int64),
        polarity=pl.col("polarity").sort_by("segment_id").mean().round(6),
        negative_share=(pl.col("label") == "negative").mean().round(6),
        first_seen=pl.col("created_at").min(),
        last_seen=pl.col("created_at").max(),
    )
    evidence = []
    for theme_id, name in figures.select("theme_id", "name").iter_rows():
        theirs = raised.filter(pl.col("theme_id") == theme_id).sort("segment_id")
        says_name = pl.any_horizontal(
            pl.col("text").str.to_lowercase().str.contains(word, literal=True) for word in _naming_words(name)
        )
        weight = pl.col("strength") * pl.when(says_name).then(NAMED_WEIGHT).otherwise(1.0)
        evidence.append(
            choose_evidence(theirs.with_columns(weight=weight), points[theirs["point"].to_numpy()], limit=quotes)
        )
    described = figures.with_columns(
        share=(pl.col("records") / everyone).round(6),
        evidence=pl.Series(evidence, dtype=THEMES["evidence"]),
        parent_theme_id=pl.lit(None, pl.String),
        level=pl.lit(1, pl.Int64),
        stability=pl.lit(None, pl.Float64),
    )
    ranked = described.sort("respondents", "records", "theme_id", descending=[True, True, False])
    return conform(ranked.select(list(THEMES)), THEMES, name="themes")


def _naming_words(name: str) -> list[str]:
    """The words of a name that a quote may hold."""
    return [word for word in name.lower().split() if word not in STOP_WORDS] or [name.lower()]
