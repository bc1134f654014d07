"""Gather pains into pain points: under titles that prove themselves against every member.

Titles are those of matters that are known of many trades; ``textcx.steps.matters`` chooses those that cover most and
files each pain under one that covers it. What no title covers is in no pain point. A
pain point is one matter across themes and stages: both are told as where its records mostly are.

Reach counts distinct respondents where known, else records; a record counts once per pain point, however often it
complains. Severity is the mean over the records' worst pains, shown with its 90th percentile: the worst are the ones to
hear about, so nothing is trimmed.

A namer may propose better titles for what is listed; they must fit the same members as well as ours.

Invariants, tested: the order of pains and segments never matters; a pain belongs to one pain point at most;
``pain_point_id`` depends only on the title that the pains were filed under, also where a namer's takes its place;
reach never exceeds the number of counted records; a pain point whose fit is below ``LEAST_FIT`` could not be better.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.lexicons.journey import UNKNOWN
from textcx.domain.lexicons.naming import names_in, tokens
from textcx.domain.tables import PAIN_POINTS
from textcx.steps.evidence import check_vectors, choose_evidence
from textcx.steps.matters import COVERED, Scorer, file_under_titles, stems_of, weighed_by_words
from textcx.steps.pains.severity import is_safety, severity_summary
from textcx.steps.pains.statements import clarity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.matters import KnownMatters
    from textcx.ports import Encoder, ThemeNamer

MIN_RECORDS = 3
HIGH_SEVERITY = 0.75
"""From this severity on a pain point is listed with fewer records than ``MIN_RECORDS``."""
SMALL_DATA = 100
"""With no more counted records than this, every pain point is listed."""
LEAST_FIT, GOOD_FIT = 0.7, 0.85
"""Shares of a pain point's members that its title covers: those it covers least leave until it is the good one, or the
least one where too few would be left. Where too few are left then, all stay: a mixed group, which reports show last.
The good one is so high since coverage promises too much on trades that it does not know: of the members that stayed,
readers accepted four of five (``benchmarks/results/rubric_tune.json``)."""
MOST = 60
"""Pain points at most."""
NAMED_WORDS = (2, 8)
"""Words of a title that a namer proposes."""
SLACK = 0.02
"""So much less may a namer's title fit than ours."""
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


def fit_for_titles(titles: Sequence[str], words: NamingWords) -> NDArray[np.bool_]:
    """Tell which words could stand as titles: few, of no person, without masks, figures and profanity."""
    fewest, most = NAMED_WORDS
    unfit = words.profanity | words.persons

    def fits(title: str) -> bool:
        found = tokens(title)
        return (
            fewest <= len(found) <= most
            and unfit.isdisjoint(word.split("'")[0] for word in found)  # "I'm" and "they've" tell of persons, too
            and all(char.isalpha() or char in " ,'\u2019-" for char in title)
            and not all(word in words.says_nothing for word in found)
        )

    return np.array([fits(each) for each in titles], dtype=np.bool_)


def _as_title(words: str) -> str:
    plain = words.strip(" ,-")
    return plain[:1].upper() + plain[1:]


def _fitting(likely: NDArray[np.float64], members: list[int], *, fit: float) -> list[int]:
    """Members of a group without those that its title covers least, so that this share of them is covered."""
    ordered = sorted(members, key=lambda member: (-round(float(likely[member]), 6), member))
    means = np.cumsum(likely[ordered]) / np.arange(1, len(ordered) + 1)
    return sorted(ordered[: int((means >= fit).sum())])


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


def _retitle(
    listed: Sequence[dict[str, Any]],
    members: Mapping[str, tuple[list[str], NDArray[np.float32]]],
    *,
    namer: ThemeNamer,
    encoder: Encoder,
    words: NamingWords,
) -> None:
    """Let a namer see the quotes of each pain point, and take its title where that fits the members as well as ours."""
    asked = namer.propose([[each["quote"] for each in row["evidence"]] for row in listed], titles=True)
    used = Counter(words.same_words(row["title"]) for row in listed)
    for row, titles in zip(listed, asked, strict=True):
        (texts, own), born = members[row["pain_point_id"]], words.same_words(row["title"])
        proposed = [_as_title(title) for title in titles]
        for title in itertools.compress(proposed, fit_for_titles(proposed, words)):
            same = words.same_words(title)
            if used[same] > (same == born):
                continue
            vector = encoder.encode([title]).matters
            scorer = Scorer(texts, own, titles=vector, tokens=encoder.words([title]), encoder=encoder)
            saying = np.array([scorer.said], dtype=np.float32)  # a namer makes titles of what members say
            fit = float(weighed_by_words(scorer(np.arange(len(texts))), saying).mean())
            if fit >= max(LEAST_FIT, row["fit"] - SLACK):
                row |= {"title": title, "fit": round(fit, 4)}
                used[same] += 1
                namer.accept(1)
                break


def group_pains(
    pains: pl.DataFrame,
    segments: pl.DataFrame,
    mentions: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    matters: KnownMatters,
    encoder: Encoder,
    language: Language,
    small_data: int = SMALL_DATA,
    namer: ThemeNamer | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Group what ``find_pains`` returned into pain points.

    ``vectors`` are the matter vectors of the segments, unit length, shape ``(segments, width)``; ``mentions`` may be
    empty. With no more than ``small_data`` counted records every pain point is
    listed, however few its records. A ``namer`` may propose better titles for what is listed.

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
    least = COVERED * (1 if small else MIN_RECORDS)
    weights = 1.0 / frame.select(pl.len().over("record_id"))["len"].to_numpy()
    names = names_in(segments["text"])
    texts = frame["text"].to_list()
    chosen, homes, likely = file_under_titles(
        Scorer(texts, own, titles=matters.title_vectors, tokens=matters.title_tokens, encoder=encoder),
        weights,
        [stems_of(text, language.naming, names=names) for text in texts],
        particular=matters.title_words,
        least=least,
        most=MOST,
    )
    titles, title_vectors = [matters.titles[place] for place in chosen], matters.title_vectors[chosen]
    listed: list[dict[str, Any]] = []
    home: dict[str, str] = {}
    members_of: dict[str, tuple[list[str], NDArray[np.float32]]] = {}
    for number, title in enumerate(titles):
        every = np.flatnonzero(homes == number).tolist()
        for fit in (GOOD_FIT, LEAST_FIT, 0.0):
            members = _fitting(likely, every, fit=fit)
            if frame["record_id"].gather(members).n_unique() >= MIN_RECORDS:
                break
        if not members:
            continue
        theirs = frame[members]
        row = _describe(theirs, own[members], title, title_vectors[number], language)
        if small or row["records"] >= MIN_RECORDS or row["severity"] >= HIGH_SEVERITY:
            listed.append(row | {"fit": round(float(likely[members].mean()), 4)})
            home |= dict.fromkeys(theirs["segment_id"], row["pain_point_id"])
            members_of[row["pain_point_id"]] = theirs["text"].to_list(), own[members]
    listed.sort(key=lambda row: (-round(row["respondents"] * row["severity"], 6), row["pain_point_id"]))
    if namer is not None:
        _retitle(listed, members_of, namer=namer, encoder=encoder, words=language.naming)
    points = pl.DataFrame(listed, schema=PAIN_POINTS)
    ids = pl.col("segment_id").replace_strict(home, default=None, return_dtype=pl.String).alias("pain_point_id")
    return points, pains.sort("segment_id").with_columns(ids)


def untitled(pains: pl.DataFrame, segments: pl.DataFrame) -> tuple[str, ...]:
    """Return a note for the reader about the counted pains that are in no pain point."""
    specific = pains.filter("specific").join(segments.filter("counted"), on="segment_id", how="semi")
    alone = specific["pain_point_id"].null_count()
    if not alone:
        return ()
    told = "they count as pains of their themes and stages, and are in no pain point"
    return (f"No title covers {alone:,} of {specific.height:,} pains surely enough: {told}.",)
