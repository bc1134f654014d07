"""The main job: feedback files in, an analysis and its summary for the terminal out. Idempotent and resumable.

The record half leaves a checkpoint after every batch, in ``OUT.partial``; started again with the same inputs and
settings, the job resumes at the last one. The result is put together in there, too, and moved to ``OUT`` in one
step when it is complete: a directory that is there is finished.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from textcx.commands.theme_sets import INSIDE
from textcx.domain.errors import NothingToAnalyze, WrongUse
from textcx.pipelines import corpus as pipeline
from textcx.pipelines.measures import Choices
from textcx.reports.bundle import write_reports
from textcx.reports.lookup import Lookup, title_of
from textcx.runs.manifest import describe, plan_for_manifest
from textcx.runs.output import Output
from textcx.runs.record_half import encoded
from textcx.store.directory import DirectoryStore
from textcx.store.theme_sets.directory import save as save_theme_set
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from textcx.domain.analysis import Analysis
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import Settings
    from textcx.store.parts import PartStore
    from textcx.wiring.container import Container

TOP = 5
"""Most ratings, and most pain points, that the summary names."""


def analyze(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    out: Path,
    container: Container,
    clock: StageClock,
    overwrite: bool = False,
) -> Analysis:
    """Analyze feedback (files, ``-`` for standard input, or frames, all together) and write the result to ``out``.

    An earlier result is replaced with ``overwrite`` only, when the new one is complete. ``clock`` times the stages, and
    tells the person who waits what was found and what is doubtful.

    Raises:
        OutputExists: If ``out`` exists and may not be replaced.
        NothingToAnalyze: If no record could be analyzed.
        WrongUse: If both a theme set and a taxonomy are given.
        ModelProblem: If there is no such model.
        UnreadableInput, NoTextColumn, ColumnNotFound: From the readers.
    """
    output, settings = Output(out, overwrite=overwrite, sources=sources), container.settings
    if settings.themes and settings.taxonomy:
        msg = (
            "--themes assigns to a set as it is, so --taxonomy would have no effect; learn a set with it "
            "('textcx themes learn ... --taxonomy FILE'), or leave one of the two out"
        )
        raise WrongUse(msg)
    models = container.models()  # first, so that a wrong --model is reported before anything is read
    theme_set = load_edited(settings.themes, encoder_id=container.encoder.encoder_id) if settings.themes else None
    with encoded(sources, output=output, settings=settings, container=container, clock=clock, tell=clock.tell) as found:
        choices = Choices(
            ratings=found.ratings,
            attributes=found.attributes,
            seed=settings.seed,
            min_group=settings.min_group,
            pain_threshold=settings.pain_threshold,
            offer_words=settings.offer_words(),
            max_unassigned=settings.max_unassigned,
            alarms_a_year=settings.alarms_a_year,
        )
        tools = container.corpus_tools(theme_set)
        analysis = pipeline.analyze_corpus(found.part, tools=tools, choices=choices, progress=clock)
        if not analysis.records.height:
            reasons = ", ".join(f"{n} {reason}" for reason, n in analysis.headline["unprocessable"].items())
            msg = f"none of {found.part.rows} records could be analyzed ({reasons}); 'textcx inspect' shows why"
            found.store.remove()
            raise NothingToAnalyze(msg)
        analysis.manifest.update(
            describe(
                started=found.started,
                inputs=found.inputs,
                plans=[plan_for_manifest(reader.plan) for reader in found.readers],
                settings=settings,
                encoder=container.encoder,
                models=models,
                part=found.part,
            )
        )
        _finish(analysis, store=found.store, output=output, settings=settings, clock=clock)
        found.store.remove()
        return analysis


def _finish(analysis: Analysis, *, store: PartStore, output: Output, settings: Settings, clock: StageClock) -> None:
    result = store.directory / "result"
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir()
    analysis.manifest["stages"] = clock.report()
    manifest = json.loads(json.dumps(analysis.manifest, sort_keys=True))  # as it will be read back by 'textcx report'
    analysis.manifest.clear()
    analysis.manifest.update(manifest)
    with clock.stage("report"):
        write_reports(analysis, result, sheets=settings.tables)
    analysis.manifest["report_seconds"] = round(clock.seconds["report"], 3)
    if analysis.theme_set is not None:
        save_theme_set(analysis.theme_set, result / INSIDE)
    DirectoryStore().save(analysis, result)
    output.take(result)


def summarize(analysis: Analysis, *, out: Path) -> str:
    """Return the summary: counts, overall polarity and ratings, the top pain points with reach, where the report is."""
    head = analysis.headline
    left_out = sum(head["unprocessable"].values())
    reasons = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in head["unprocessable"].items())
    lines = [
        f"{head['records_in']:,} records in, {head['analyzed']:,} analyzed, {left_out:,} unprocessable"
        + (f" ({reasons})" if left_out else ""),
        f"Polarity {_interval(head['polarity'], '{:+.2f}')}",
    ]
    lines += [
        f"{rating['rating']}: {_interval(rating, '{:.1f}')} {rating['unit']}, n = {rating['n']:,}"
        for rating in head["ratings"][:TOP]
    ]
    points = Lookup(analysis).clear_pain_points[:TOP]
    judged = head["pain_record_share"]["value"] is not None
    found = "No pain points but mixed groups" if analysis.pain_points.height else "No pain points found"
    none = found if judged else "No pain points: this model does not predict them"
    lines.append("Top pain points" if points else none)
    lines += [
        f"  {number}. {title_of(point)} ({_reach(point)}, severity {point['severity']:.2f})"
        for number, point in enumerate(points, start=1)
    ]
    lines += [f"Note: {note}" for note in analysis.notes]
    lines.append(f"Report: {out / 'report.html'}")
    return "\n".join(lines)


def _reach(point: dict[str, Any]) -> str:
    """Distinct respondents where known, else records."""
    if point["respondents"] and point["respondents"] < point["records"]:
        return f"{point['respondents']:,} people in {point['records']:,} records"
    return f"{point['records']:,} records"


def _interval(figure: dict[str, Any], shape: str) -> str:
    if figure.get("value") is None:
        return "unknown"
    text = shape.format(figure["value"])
    if figure.get("ci_low") is not None:
        text += f" ({shape.format(figure['ci_low'])} to {shape.format(figure['ci_high'])})"
    return text
