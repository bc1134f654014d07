"""The corpus half: everything that needs all records, from themes to the headline.

Nothing is computed here, and nothing unredacted comes in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textcx.domain.analysis import Analysis
from textcx.pipelines.corpus_tools import encoded_taxonomy, naming_of
from textcx.pipelines.measures import measure
from textcx.steps.journey import fit_journey, place_segments_on_journey, summarize_journey, with_primary
from textcx.steps.measures.headline import declared, headline
from textcx.steps.pains.find import find_pains, mark_pains, missing_heads
from textcx.steps.pains.group import group_pains, untitled
from textcx.steps.pains.praise import find_praise
from textcx.steps.pains.requests import find_requests
from textcx.steps.pains.severity import leaving_records, told_in_records
from textcx.steps.records.corpus import build_corpus
from textcx.steps.records.people import with_people
from textcx.steps.themes.finding.find import find_themes

if TYPE_CHECKING:
    from textcx.domain.parts import Part
    from textcx.pipelines.corpus_tools import CorpusTools
    from textcx.pipelines.measures import Choices
    from textcx.ports import ProgressReporter

WORKING_LEVEL = 2
"""Level of the themes that pain points, drivers and groups refer to."""


def analyze_corpus(part: Part, *, tools: CorpusTools, choices: Choices, progress: ProgressReporter) -> Analysis:
    """Themes .. trends over all parts of a run, joined; the analysis' manifest holds only what is known here."""
    language = tools.language
    with progress.stage("gather"):
        found = build_corpus(part, language=language)
        answers, people = with_people(found.answers, attributes=choices.attributes)
        found = replace(found, answers=answers)
    segments, about = found.segments, found.matters
    with progress.stage("themes"):
        naming = naming_of(tools)
        themes = find_themes(
            segments,
            about,
            model=tools.themes,
            naming=naming,
            language=language,
            theme_set=tools.theme_set,
            previous=tools.previous,
            taxonomy=encoded_taxonomy(tools),
            seed=choices.seed,
            max_unassigned=choices.max_unassigned,
        )
        raised, shown = themes.mentions_at(WORKING_LEVEL), themes.themes_at(WORKING_LEVEL)
    with progress.stage("journey"):
        journeys = (language.journey, *language.other_journeys)
        fit = fit_journey(segments, about, candidates=journeys, encoder=tools.encoder, known=naming.matters)
        taxonomy = fit.taxonomy
        stages = place_segments_on_journey(segments, about, taxonomy=taxonomy, stage_vectors=fit.stage_vectors)
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
        pain_points, pains = group_pains(
            pains,
            segments,
            raised,
            about,
            matters=naming.matters,
            encoder=tools.encoder,
            language=language,
            namer=naming.namer,
        )
        continuing = language.pains.statements.continuing
        praise = find_praise(segments, raised, shown, about, continuing=continuing)
        requests = find_requests(
            segments,
            about,
            matters=naming.matters,
            encoder=tools.encoder,
            words=language.naming,
            continuing=continuing,
        )
    unsaid = (*untitled(pains, segments), *missing_heads(segments, encoder=tools.encoder))
    tables = {
        "records": with_primary(found.records, segments, raised, taxonomy=taxonomy),
        "segments": segments,
        "mentions": themes.mentions,
        "pains": pains,
        "journey": journey,
        "praise": praise,
        "requests": requests,
        **found.optional,
        **measure(
            found,
            segments=segments,
            pains=pains,
            pain_points=pain_points,
            themes=themes,
            level=WORKING_LEVEL,
            choices=choices,
            errors=tools.errors,
            progress=progress,
        ),
    }
    if tools.theme_set is not None:
        tables["emerging"] = themes.emerging
    tables = declared(tables, ratings=choices.ratings, attributes=choices.attributes)
    return Analysis(
        tables=tables,
        headline=headline(
            tables,
            records_in=part.rows,
            answers=found.answers,
            people=people,
            themes=shown.height,
            leaving=leaving_records(told_in_records(segments, language.pains)),
            unprocessable=found.unprocessable,
            errors=tools.errors,
        ),
        manifest={
            "boilerplate_share": themes.boilerplate_share,
            "short_share": themes.short_share,
            "stage_titles": taxonomy.titles,
            "journey": {"name": taxonomy.name, "shares": fit.shares},
            "namer": naming.namer.report() if naming.namer else None,
        },
        unprocessable=found.unprocessable,
        notes=(*found.notes, *themes.notes, *naming.notes(), *fit.notes, *unsaid),
        theme_set=themes.theme_set,
    )
