"""Find the themes of a set of segments: what people talk about, how many do, in what tone, with quotes.

Segments that say nothing about anything are boilerplate ("everything was very good"), or, with fewer than three words,
short ("thanks", "nice app"): counted, but in no theme. The rest is assigned to the themes of a set that is given, or
that is learned here. Segments that are one of a kind stay unassigned, and are counted so.

Invariants, tested: the order of the segments changes no byte; every segment is mentioned at most once; names are
unique; a record that does not count (a duplicate) is mentioned but adds to no figure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ShapeMismatch
from textcx.domain.lexicons.naming import tokens
from textcx.domain.tables import EMERGING, MENTIONS, THEMES, empty
from textcx.domain.themes.findings import MIN_SEGMENTS, ThemeFinding
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.describing.describe import describe_themes, shown_leaves
from textcx.steps.themes.finding.emerging import find_emerging
from textcx.steps.themes.finding.learn import learn_themes
from textcx.steps.themes.lineage.lineage import continue_themes
from textcx.steps.themes.naming import ThemeWords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import ThemeModel
    from textcx.steps.themes.finding.learn import EncodedTaxonomy
    from textcx.steps.themes.naming import Naming

FEWEST_WORDS, SHORTEST = 3, 3
"""Words of a segment that names nothing below which it is called short, not boilerplate; letters of a word that a
segment could be about: "tv" and "uk" are none."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def is_boilerplate(text: str, naming: NamingWords) -> bool:
    """Whether a segment names nothing that it could be about: only stop words, judgements and general objects."""
    return not any(len(word) >= SHORTEST and word not in naming.says_nothing for word in tokens(text))


def raised_themes(
    theme_set: ThemeSet | None, segments: pl.DataFrame, vectors: NDArray[np.float32], *, naming: NamingWords
) -> list[pl.Series]:
    """Assign segments, by ``segment_id`` and ``text``, to the themes of a set that are shown; boilerplate raises none.

    Gives ``theme_id`` (a leaf) and ``strength`` (0..1) of each segment, both null where there is none.
    """
    theme_ids: list[str | None] = [None] * segments.height
    strengths: list[float | None] = [None] * segments.height
    if theme_set is not None:
        substantive = [row for row, text in enumerate(segments["text"]) if not is_boilerplate(text, naming)]
        ids = segments["segment_id"].gather(substantive).to_list()
        assigned = assign_themes(theme_set, vectors[substantive], segment_ids=ids)
        shown = shown_leaves(theme_set)
        for row, theme_id, strength in zip(substantive, assigned.theme_ids, assigned.strengths.tolist(), strict=True):
            if theme_id in shown:
                theme_ids[row], strengths[row] = theme_id, strength
    return [pl.Series("theme_id", theme_ids, dtype=pl.String), pl.Series("strength", strengths, dtype=pl.Float64)]


def find_themes(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    model: ThemeModel,
    naming: Naming,
    language: Language,
    theme_set: ThemeSet | None = None,
    previous: ThemeSet | None = None,
    seed: int = 0,
    max_unassigned: float | None = None,
    taxonomy: EncodedTaxonomy | None = None,
) -> ThemeFinding:
    """Find themes in segments: assign them to ``theme_set`` or, where that is null, learn themes from them.

    Segments have ``segment_id`` (unique), ``record_id``, ``start``, ``end``, ``text`` (redacted), ``label``,
    ``polarity``, ``counted`` (false for records that are duplicates), ``respondent_id`` and ``created_at`` (both
    nullable). Their matter vectors, made by the encoder of ``naming``, are of unit length, shape ``(segments, width)``.

    When themes are learned, ``model`` groups the segments with a ``seed`` of at least 0, ``max_unassigned`` is the
    largest share of them that it leaves in no theme, 0..1, and what ``naming`` finds no name for is no theme. Themes of
    a ``taxonomy`` are matched first. Ids, names and history of ``previous``, the set before, go on. With fewer than
    ``MIN_SEGMENTS`` segments that are no boilerplate, no themes are learned, and a note says so.

    Returns:
        Themes with their figures and quotes, which segment raises which, the set they are of, and, where segments were
        assigned to a given set, what emerges beside it.

    Raises:
        ShapeMismatch: If there is not one vector per segment.
        ModelProblem: If the set before was made with another encoder.
    """
    if len(vectors) != segments.height:
        msg = f"themes need one vector per segment: {segments.height} segments came with {len(vectors)} vectors"
        raise ShapeMismatch(msg)
    words = language.naming
    order = segments["segment_id"].arg_sort().to_numpy()
    frame = segments[order]
    substantive = np.array([not is_boilerplate(text, words) for text in frame["text"]], dtype=bool)
    counted = frame["counted"].to_numpy()
    short = ~substantive & np.array([len(_WORD.findall(text)) < FEWEST_WORDS for text in frame["text"]], dtype=bool)
    boilerplate_share = _share(~substantive & ~short & counted, counted)
    short_share = _share(short & counted, counted)
    received = frame.filter("counted")["record_id"].n_unique()
    kept = frame.filter(pl.Series(substantive, dtype=pl.Boolean))
    points = vectors[order[substantive]]
    if theme_set is None:
        found = int((substantive & counted).sum())
        if found < MIN_SEGMENTS:
            note = f"Too few segments for themes: {found} of substance, at least {MIN_SEGMENTS} are needed."
            unassigned_share = 1.0 if kept.height else 0.0
            return ThemeFinding(
                empty(THEMES), empty(MENTIONS), unassigned_share, boilerplate_share, short_share, notes=(note,)
            )
        theme_set, notes = learn_themes(
            kept,
            points,
            model=model,
            naming=naming,
            seed=seed,
            max_unassigned=max_unassigned,
            taxonomy=taxonomy,
        )
        if previous is not None:
            rows = {segment_id: row for row, segment_id in enumerate(kept["segment_id"])}
            theme_set = continue_themes(
                previous,
                theme_set,
                stop_words=words.stop_words,
                vectors_of=lambda one: points[rows[one]] if one in rows else None,
            )
        raised = theme_set.members.select("segment_id", "theme_id", "strength")
        members = kept.join(raised, on="segment_id", how="left", maintain_order="left")
        emerging = empty(EMERGING)
    else:
        notes = ()
        assigned = assign_themes(theme_set, points, segment_ids=kept["segment_id"].to_list())
        members = kept.with_columns(
            theme_id=pl.Series(assigned.theme_ids, dtype=pl.String), strength=pl.Series(assigned.strengths)
        )
        emerging = _emerging(frame, members, points, theme_set, language=language, naming=naming)
    themes = describe_themes(theme_set, members, points, language=language, of=received)
    if not themes.height:
        notes = (*notes, "No themes: the segments have too little in common to form any.")
    mentions = members.filter(pl.col("theme_id").is_in(themes["theme_id"].to_list()))
    counted = members["counted"].to_numpy()
    return ThemeFinding(
        themes,
        mentions.select(list(MENTIONS)).cast(MENTIONS),
        _share(counted & members["theme_id"].is_null().to_numpy(), counted),
        boilerplate_share,
        short_share,
        theme_set=theme_set,
        emerging=emerging,
        notes=notes,
    )


def _emerging(
    frame: pl.DataFrame,
    members: pl.DataFrame,
    points: NDArray[np.float32],
    theme_set: ThemeSet,
    *,
    language: Language,
    naming: Naming,
) -> pl.DataFrame:
    """Dense groups of what the set does not explain."""
    alone = members["theme_id"].is_null()
    rows = {segment_id: row for row, segment_id in enumerate(members["segment_id"])}

    def name(groups: Sequence[pl.DataFrame]) -> list[str | None]:
        words = [
            ThemeWords(group["text"].to_list(), points[[rows[one] for one in group["segment_id"]]], [], group.height)
            for group in groups
        ]
        taken = [theme.name for theme in theme_set.themes]
        return naming.name(words, taken=taken)

    return find_emerging(
        members.filter(alone),
        points[alone.to_numpy()],
        theme_set,
        name=name,
        continuing=language.pains.statements.continuing,
        received=frame.select("record_id", "created_at", "counted").unique("record_id", maintain_order=True),
        segments=int(members["counted"].sum()),
    )


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return round(float(part.sum()) / max(1, int(whole.sum())), 6)
