"""A file in two halves: ``analyze_batch`` for some records at a time, ``analyze_corpus`` once at the end.

Nothing is computed here. Every value that leaves ``analyze_batch`` is redacted; ``analyze_corpus`` never sees anything
else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.analysis import Analysis
from textcx.domain.parts import Part
from textcx.steps.journey import place_segments_on_journey, stage_vectors, summarize_journey
from textcx.steps.measures import findings
from textcx.steps.measures.drivers import rank_drivers
from textcx.steps.measures.groups import attribute_groups
from textcx.steps.measures.headline import headline
from textcx.steps.measures.ratings import summarize_ratings
from textcx.steps.measures.trends import directions, summarize_trends
from textcx.steps.pains.find import find_pains, mark_pains, missing_heads
from textcx.steps.pains.group import group_pains
from textcx.steps.pains.praise import find_praise
from textcx.steps.records import segments as lay_out
from textcx.steps.records.assemble import assemble
from textcx.steps.records.corpus import build_corpus
from textcx.steps.records.screen import screen, screen_languages
from textcx.steps.sentiment.encode import encode_distinct
from textcx.steps.sentiment.labels import add_record_sentiment, add_segment_sentiment
from textcx.steps.text.clean import polish
from textcx.steps.text.obfuscated_pii import find_obfuscated_pii
from textcx.steps.themes.assignment.seed_topics import texts_of
from textcx.steps.themes.finding.find import find_themes
from textcx.steps.themes.finding.learn import Brought

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.feedback import ColumnPlan, FeedbackBatch, RatingColumn
    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import (
        Encoder,
        LanguageDetector,
        PhraseFinder,
        ProgressReporter,
        Redactor,
        SentenceSplitter,
        ThemeModel,
    )


WORKING_LEVEL = 2
"""Level of the themes that pain points, drivers and groups are told by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTools:
    """What the first half works with, built by ``textcx.wiring.container``."""

    encoder: Encoder
    languages: LanguageDetector
    redactor: Redactor
    splitter: SentenceSplitter
    language: Language
    respondent_key: bytes


def analyze_batch(
    batch: FeedbackBatch, *, number: int, plan: ColumnPlan, tools: RecordTools, progress: ProgressReporter
) -> Part:
    """Read .. sentiment for some consecutive rows of one input.

    Args:
        batch: The rows.
        number: Number of the input among the inputs of the run.
        plan: The input's columns.
        tools: The engines.
        progress: Told how far each stage is.

    Returns:
        Records, segments and vectors, redacted and ready to be stored.
    """
    with progress.stage("clean"):
        records = assemble(batch.frame, number=number, respondent_key=tools.respondent_key)
        records = screen(records, questions=[column.question for column in plan.text], answers=tools.language.answers)
        guesses = tools.languages.detect(records["cleaned"].to_list())
        records = screen_languages(records, guesses, supported=tools.language.code)
    with progress.stage("redact"):
        records = lay_out.mask_columns(records, find=tools.redactor.find)
        usable = records.filter(records["reason"].is_null())
        redactions = find_obfuscated_pii(
            usable["verbatim"].to_list(), usable["cleaned"].to_list(), find=tools.redactor.find
        )
        usable = lay_out.mask_records(usable, redactions)
    with progress.stage("split"):
        spans = tools.splitter.split(lay_out.cell_texts(usable))
        segments = lay_out.build_segments(usable, spans, redactions, columns=plan.text)
    with progress.stage("encode"):
        whole, parts = encode_distinct(
            [polish(text) for text in usable["cleaned"]], segments["polished"].to_list(), encoder=tools.encoder
        )
        usable = add_record_sentiment(usable, whole, confident_at=tools.encoder.confident_at)
        segments = add_segment_sentiment(segments, parts)
    return Part.of(records=records, usable=usable, segments=segments, vectors=parts.vectors, batch=batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusTools:
    """What the second half works with, built by ``textcx.wiring.container``.

    With a ``theme_set`` segments are assigned to it. Otherwise themes are learned, and those of ``previous`` go on.
    """

    encoder: Encoder
    themes: ThemeModel
    phrases: PhraseFinder
    language: Language
    theme_set: ThemeSet | None = None
    previous: ThemeSet | None = None
    taxonomy: ThemeTaxonomy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose about findings. Units and ranges as in ``textcx.settings.analysis.Settings``."""

    ratings: Sequence[RatingColumn]
    attributes: Sequence[str]
    seed: int
    min_group: int
    pain_threshold: float
    offer_words: frozenset[str]
    resamples: int
    max_unassigned: float | None = None


def brought_themes(tools: CorpusTools) -> Brought | None:
    """Return the team's own themes with the vectors of their texts; null where none were brought along."""
    if tools.taxonomy is None:
        return None
    texts = [polish(text) for text in texts_of(tools.taxonomy)]
    return Brought(tools.taxonomy, tools.encoder.encode(texts).vectors)


def analyze_corpus(part: Part, *, tools: CorpusTools, choices: Choices, progress: ProgressReporter) -> Analysis:
    """Themes .. trends over everything the first half found.

    Args:
        part: All parts of the run, joined.
        tools: The engines.
        choices: What the user chose.
        progress: Told how far each stage is.

    Returns:
        The analysis; its manifest holds only what is known here.
    """
    language, taxonomy = tools.language, tools.language.journey
    with progress.stage("gather"):
        found = build_corpus(part, language=language)
    segments, vectors = found.segments, found.vectors
    with progress.stage("themes"):
        themes = find_themes(
            segments, vectors, model=tools.themes, phrases=tools.phrases, language=language,
            encoder_id=tools.encoder.encoder_id,
            theme_set=tools.theme_set, previous=tools.previous, brought=brought_themes(tools),
            encoder=tools.encoder, seed=choices.seed, max_unassigned=choices.max_unassigned,
        )  # fmt: skip
        raised, shown = themes.mentions_at(WORKING_LEVEL), themes.themes_at(WORKING_LEVEL)
    with progress.stage("journey"):
        stages = place_segments_on_journey(
            segments, vectors, taxonomy=taxonomy, stage_vectors=stage_vectors(taxonomy, tools.encoder)
        )
        segments = segments.join(stages, on="segment_id", how="left", maintain_order="left")
        journey = summarize_journey(segments, taxonomy=taxonomy)
    with progress.stage("pain points"):
        pains = find_pains(
            segments,
            phrases=tools.phrases,
            lexicon=language.pains,
            threshold=choices.pain_threshold,
            offer_words=choices.offer_words,
        )
        segments = mark_pains(segments, pains)
        pain_points, pains = group_pains(pains, segments, raised, shown, vectors, statements=language.pains.statements)
        praise = find_praise(segments, raised, shown, vectors, continuing=language.pains.statements.continuing)
    with progress.stage("ratings"):
        belongs = findings.memberships(segments, raised, pains)
        every = findings.memberships(segments, pl.concat([themes.mentions_at(1), raised]), pains)
        ratings = summarize_ratings(
            found.answers, ratings=choices.ratings, attributes=choices.attributes, memberships=every,
            min_group=choices.min_group,
        )  # fmt: skip
    with progress.stage("drivers"):
        drivers = rank_drivers(
            found.answers, ratings=choices.ratings, memberships=belongs, attributes=choices.attributes,
            min_group=choices.min_group, resamples=choices.resamples, seed=choices.seed,
        )  # fmt: skip
        groups = attribute_groups(
            found.answers, found.records, segments, attributes=choices.attributes, min_group=choices.min_group
        )
    with progress.stage("trends"):
        trends = summarize_trends(found.answers, records=found.records, memberships=every, ratings=choices.ratings)
        changes = directions(trends)
        pain_points = findings.with_trend(pain_points, changes, kind="pain_point")
        described = findings.with_trend(themes.themes, changes, kind="theme")
    records = findings.with_primary(found.records, segments, raised, taxonomy=taxonomy)
    tables = {
        "records": records, "segments": segments, "mentions": themes.mentions, "themes": described,
        "pains": pains, "pain_points": pain_points, "ratings": ratings, "drivers": drivers, "trends": trends,
        "journey": journey, "groups": groups, "praise": praise,
    }  # fmt: skip
    if tools.theme_set is not None:
        tables["emerging"] = themes.emerging
    tables = findings.declared(tables, ratings=choices.ratings, attributes=choices.attributes)
    return Analysis(
        tables=tables,
        headline=headline(
            records_in=part.rows, answers=found.answers, records=records, segments=segments, mentions=raised,
            themes=shown, pain_points=pain_points, ratings=ratings, unprocessable=found.unprocessable,
        ),
        manifest={
            "boilerplate_share": themes.boilerplate_share, "short_share": themes.short_share,
            "stage_titles": taxonomy.titles,
        },
        unprocessable=found.unprocessable,
        notes=(*found.notes, *themes.notes, *missing_heads(segments, encoder_id=tools.encoder.encoder_id)),
        theme_set=themes.theme_set,
    )  # fmt: skip
