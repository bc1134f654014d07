"""The main job: feedback files in, an analysis out. Idempotent and resumable.

The record half leaves a checkpoint after every batch, in ``OUT.partial``; started again with the same inputs and
settings, the job resumes at the last one. The result is put together in there, too, and moved to ``OUT`` in one
step when it is complete: a directory that is there is finished.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.errors import NothingToAnalyze, WrongUse
from textcx.pipelines import corpus as pipeline
from textcx.pipelines.measures import Choices
from textcx.reports.bundle import write_reports
from textcx.runs.manifest import describe, plan_for_manifest
from textcx.runs.output import Output
from textcx.runs.record_half import encoded
from textcx.store.directory import DirectoryStore
from textcx.store.theme_sets.directory import save as save_theme_set
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

    from textcx.domain.analysis import Analysis
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import Settings
    from textcx.store.parts import PartStore
    from textcx.wiring.container import Container

THEMES = "themes"
"""The folder of a result that holds its theme set."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished analysis, where it is, and whether it resumed an earlier run."""

    analysis: Analysis
    out: Path
    resumed: bool


def analyze(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    out: Path,
    settings: Settings,
    container: Container,
    clock: StageClock,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Analyze feedback and write the result.

    Args:
        sources: Files, ``-`` for standard input, or frames; their records are analyzed together.
        out: Directory for the result. Must not exist, unless ``overwrite``.
        settings: How it is done.
        container: Builds the engines.
        clock: Times the stages.
        overwrite: Replace ``out`` when the new result is complete.
        tell: Called with sentences for the person who waits: what was found, what is doubtful.

    Returns:
        The analysis and where it is.

    Raises:
        OutputExists: If ``out`` exists and may not be replaced.
        NothingToAnalyze: If no record could be analyzed.
        WrongUse: If both a theme set and a taxonomy are given.
        UnreadableInput, NoTextColumn, ColumnNotFound: From the readers.
    """
    output = Output(out, overwrite=overwrite, sources=sources)
    if settings.themes and settings.taxonomy:
        msg = (
            "--themes assigns to a set as it is, so --taxonomy would have no effect; learn a set with it "
            "('textcx themes learn ... --taxonomy FILE'), or leave one of the two out"
        )
        raise WrongUse(msg)
    theme_set = load_edited(settings.themes, encoder_id=container.encoder.encoder_id) if settings.themes else None
    with encoded(sources, output=output, settings=settings, container=container, clock=clock, tell=tell) as found:
        choices = Choices(
            ratings=found.ratings,
            attributes=found.attributes,
            seed=settings.seed,
            min_group=settings.min_group,
            pain_threshold=settings.pain_threshold,
            offer_words=settings.offer_words(),
            resamples=settings.resamples,
            max_unassigned=settings.max_unassigned,
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
                models=container.models(),
                part=found.part,
            )
        )
        _finish(analysis, store=found.store, output=output, settings=settings, clock=clock)
        found.store.remove()
        return Outcome(analysis, out, found.store.resumed)


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
        save_theme_set(analysis.theme_set, result / THEMES)
    DirectoryStore().save(analysis, result)
    output.take(result)
