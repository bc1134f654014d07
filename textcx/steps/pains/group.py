"""Gather pains into pain points: under titles that prove themselves against every member.

Titles come from what is known of many trades and from the customers' own short remarks; ``textcx.steps.matters``
chooses those that cover most and files each pain under one that covers it. What no title covers is in no pain point. A
pain point is one matter across themes and stages: both are told as where its records mostly are.

Reach counts distinct respondents where known, else records; a record counts once per pain point, however often it
complains. Severity is the mean over the records' worst pains, shown with its 90th percentile: the worst are the ones to
hear about, so nothing is trimmed.

Invariants, tested: the order of pains and segments never matters; a pain belongs to one pain point at most;
``pain_point_id`` depends on the title only; reach never exceeds the number of counted records; the share of members
that a title covers is at least ``LEAST_FIT``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.lexicons.journey import UNKNOWN
from textcx.domain.lexicons.naming import tokens
from textcx.domain.tables import PAIN_POINTS
from textcx.steps.evidence import check_vectors, choose_evidence
from textcx.steps.matters import COVERED, READ_TOGETHER, choose_titles, file_under
from textcx.steps.pains.severity import is_safety, severity_summary
from textcx.steps.pains.statements import clarity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.matters import KnownMatters
    from textcx.steps.matters import Covers

MIN_RECORDS = 3
HIGH_SEVERITY = 0.75
"""From this severity on a pain point is listed with fewer records than ``MIN_RECORDS``."""
SMALL_DATA = 100
"""With no more counted records than this, every pain point is listed."""
LEAST_FIT = 0.7
"""Least share of a pain point's members that its title covers; those it covers least leave until so many are left."""
MOST = 60
"""Pain points at most."""
OWN_WORDS = (2, 7)
"""Words of a remark that may be a title itself."""
OWN_TASTE = 0.6
"""What a customer's remark is worth as a title, against one that was written as a title."""
EVIDENCE = 5


def pain_point_id(title: str) -> str:
    """Derive the permanent id of a pain point from its title."""
    return "p_" + hashlib.blake2b(title.casefold().encode(), digest_size=6).hexdigest()


def _gather(pains: pl.DataFrame, segments: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Put together what grouping needs to know of each counted, specific pain, sorted by segment_id."""
    who, stage = pl.coalesce("respondent_id", "record_id").alias("who"), pl.col("stage").fill_null(UNKNOWN)
    known = segments.with_row_index("position").filter("counted")
    known = known.select("segment_id", "position", "start", "end", "text", "p_pain", stage, who, "respondent_id")
    strongest = (
        mentions.sort(["segment_id", "strength", "theme_id"], descending=[False, True, False])
        .group_by("segment_id", maintain_order=True)
        .agg(pl.col("theme_id").first())
    )
    return (
        pains.filter(pl.col("specific"))
        .drop("pain_point_id")
        .join(known, on="segment_id")
        .join(strongest, on="segment_id", how="left")
        .sort("segment_id")
    )


def own_titles(statements: Sequence[str], language: Language) -> NDArray[np.bool_]:
    """Tell which statements could stand as titles: short, clear, of no person, without masks, figures and profanity."""
    fewest, most = OWN_WORDS
    words = language.naming
    unfit = words.profanity | words.persons

    def fits(statement: str) -> bool:
        found = tokens(statement)
        return (
            fewest <= len(found) <= most
            and unfit.isdisjoint(word.split("'")[0] for word in found)  # "I'm" and "they've" tell of persons, too
            and all(char.isalpha() or char in " ,'\u2019-" for char in statement)
            and not all(word in words.says_nothing for word in found)
            and clarity(statement, language.pains.statements) >= COVERED
        )

    return np.array([fits(each) for each in statements], dtype=np.bool_)


def _titles(
    frame: pl.DataFrame, vectors: NDArray[np.float32], *, matters: KnownMatters, language: Language, least: float
) -> tuple[list[str], NDArray[np.float32]]:
    """Choose titles for pains, with their vectors."""
    drawn = np.arange(frame.height)
    if len(drawn) > READ_TOGETHER:
        drawn = np.arange(READ_TOGETHER) * len(drawn) // READ_TOGETHER
    shown = frame[drawn]
    statements = shown["statement"].fill_null("").to_list()
    texts, own, taken = list(matters.titles), [], {title.casefold() for title in matters.titles}
    for place in np.flatnonzero(own_titles(statements, language)).tolist():
        title = _as_title(statements[place])
        if title.casefold() not in taken:  # the same words may be cut out of different remarks
            own.append(place)
            texts.append(title)
            taken.add(title.casefold())
    title_vectors = np.concatenate([matters.title_vectors, vectors[drawn][own]])
    cover = matters.near(vectors[drawn] @ title_vectors.T)
    cover[:, len(matters.titles) :] *= OWN_TASTE
    weights = 1.0 / shown.select(pl.len().over("record_id"))["len"].to_numpy()

    def alike(title: int) -> NDArray[np.bool_]:
        return np.asarray(matters.near(title_vectors @ title_vectors[title]) >= COVERED)

    chosen = choose_titles(cover, weights, alike, least=least * len(drawn) / max(1, frame.height), most=MOST)
    return [texts[each] for each in chosen], title_vectors[chosen]


def _as_title(statement: str) -> str:
    plain = statement.strip(" ,-")
    return plain[:1].upper() + plain[1:]


def _fitting(likely: NDArray[np.float64], members: list[int]) -> list[int]:
    """Members of a group without those that its title covers least, so that ``LEAST_FIT`` of them are covered."""
    ordered = sorted(members, key=lambda member: (-round(float(likely[member]), 6), member))
    means = np.cumsum(likely[ordered]) / np.arange(1, len(ordered) + 1)
    return sorted(ordered[: int((means >= LEAST_FIT).sum())])


def _describe(
    frame: pl.DataFrame, vectors: NDArray[np.float32], title: str, vector: NDArray[np.float32], language: Language
) -> dict[str, Any]:
    """One row of the pain points table; the members' vectors, and that of the title."""
    worst = frame.group_by("record_id").agg(pl.col("severity").max())["severity"]
    mean, p90 = severity_summary(worst.to_list())
    words = language.pains.statements
    clear = np.array([clarity(statement or "", words) for statement in frame["statement"]])
    near = (vectors @ vector).astype(np.float64)
    worth = np.round(clear * frame["p_pain"].to_numpy() * (1.0 + near + 0.5 * frame["severity"].to_numpy()), 6)
    best = int(worth.argmax())
    stages = frame.group_by("stage").agg(records=pl.col("record_id").n_unique().cast(pl.Int64))
    stages = stages.sort("records", "stage", descending=[True, False])
    known = stages.filter(pl.col("stage") != UNKNOWN)
    candidates = frame.select("record_id", "respondent_id", "start", "end", "text", weight=pl.Series(worth))
    return {
        "pain_point_id": pain_point_id(title),
        "title": title,
        "theme_id": _most(frame["theme_id"]),
        "stage": (known if known.height else stages)["stage"][0],
        "stages": stages.to_dicts(),
        "aspect": _most(frame["aspect"]),
        "statement": frame["statement"][best],
        "severity": mean,
        "severity_p90": p90,
        "safety": any(is_safety(reasons) for reasons in frame["reasons"].to_list()),
        "effect": None,
        "records": worst.len(),
        "respondents": frame["who"].n_unique(),
        "trend": None,
        "evidence": choose_evidence(candidates, vectors, limit=EVIDENCE, continuing=words.continuing),
    }


def _most(values: pl.Series) -> str | None:
    """The most frequent value, the first in the alphabet of those; null where there is none."""
    counts = values.drop_nulls().value_counts().sort("count", values.name, descending=[True, False])
    return counts[values.name][0] if counts.height else None


def group_pains(
    pains: pl.DataFrame,
    segments: pl.DataFrame,
    mentions: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    matters: KnownMatters,
    covers: Covers,
    language: Language,
    small_data: int = SMALL_DATA,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Group what ``find_pains`` returned into pain points.

    ``vectors`` are the matter vectors of the segments, unit length, shape ``(segments, width)``; ``mentions`` may be
    empty. ``covers`` is that of the encoder. With no more than ``small_data`` counted records every pain point is
    listed, however few its records.

    Returns:
        The pain points table, highest reach x severity first, its trends and effects null; and the pains with
        ``pain_point_id`` set (null for what no listed title covers, bare insults and pains of duplicates), sorted by
        segment_id.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    frame = _gather(pains, segments, mentions)
    own = vectors[frame["position"].to_numpy()]
    small = segments.filter("counted")["record_id"].n_unique() <= small_data
    least = COVERED if small else float(MIN_RECORDS)
    titles, title_vectors = _titles(frame, own, matters=matters, language=language, least=least)
    homes, likely = file_under(frame["text"].to_list(), own, titles, title_vectors, covers=covers, near=matters.near)
    listed: list[dict[str, Any]] = []
    home: dict[str, str] = {}
    for number, title in enumerate(titles):
        members = _fitting(likely, np.flatnonzero(homes == number).tolist())
        if not members:
            continue
        theirs = frame[members]
        row = _describe(theirs, own[members], title, title_vectors[number], language)
        if small or row["records"] >= MIN_RECORDS or row["severity"] >= HIGH_SEVERITY:
            listed.append(row | {"fit": round(float(likely[members].mean()), 4)})
            home |= dict.fromkeys(theirs["segment_id"], row["pain_point_id"])
    listed.sort(key=lambda row: (-round(row["respondents"] * row["severity"], 6), row["pain_point_id"]))
    points = pl.DataFrame(listed, schema=PAIN_POINTS)
    ids = pl.col("segment_id").replace_strict(home, default=None, return_dtype=pl.String).alias("pain_point_id")
    return points, pains.sort("segment_id").with_columns(ids)
