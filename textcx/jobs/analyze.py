"""The job that analyzes a data set: themes, pain points, journey, ratings, drivers and trends over all its records.

It never needs a raw text: everything is made of the stored, redacted batches. Which batches count is decided at the
start; what comes in meanwhile belongs to the next analysis.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from textcx.domain.errors import NothingToAnalyze
from textcx.domain.service.datasets import JobState
from textcx.jobs.columns import plan_of
from textcx.jobs.progress import JobProgress
from textcx.jobs.theme_choice import choose_themes
from textcx.pipelines.corpus import analyze_corpus
from textcx.pipelines.measures import Choices
from textcx.readers.columns.plan import attribute_names
from textcx.runs.manifest import InputFile, describe
from textcx.runs.record_half import agree

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis
    from textcx.domain.feedback import ColumnPlan
    from textcx.domain.parts import Part
    from textcx.domain.service.datasets import Job
    from textcx.store.sql.theme_sets import CurrentSet
    from textcx.wiring.job_context import JobContext


class Analyze:
    """One attempt of an analyze job in this process."""

    def __init__(self, context: JobContext, job: Job) -> None:
        self._context = context
        self._job = job
        self._progress = JobProgress(context, job)
        self._made: tuple[Analysis, CurrentSet | None, datetime] | None = None

    def run(self) -> None:
        """Run the job to its end.

        Raises:
            JobCancelled: If it is to stop.
            ProcessEnds: If the process is.
            TextcxError: Why it failed.
        """
        again = self._context.patiently
        upto = again(lambda: self._context.batches.last(self._job.dataset_id))
        analysis_id, counts = again(lambda: self._analyze(upto))
        again(lambda: self._finish(analysis_id, counts))

    def _analyze(self, upto: int) -> tuple[str, dict[str, int]]:
        """Make the analysis and store it; done again while the database cannot be reached, it is made only once."""
        if self._made is None:
            self._made = self._make(upto)
        analysis, themes, started = self._made
        with self._progress.stage("store"):
            analysis_id = self._context.analyses.publish(
                replace(analysis, manifest=dict(analysis.manifest)),
                dataset_id=self._job.dataset_id,
                job_id=self._job.id,
                themes=themes,
                since=started,
            )
        headline = analysis.headline
        counts = {name: headline[name] for name in ("records_in", "analyzed", "segments", "themes", "pain_points")}
        return analysis_id, counts

    def _make(self, upto: int) -> tuple[Analysis, CurrentSet | None, datetime]:
        started = datetime.now(tz=UTC)
        with self._progress.stage("load models"):
            tools = self._context.tools
        with self._progress.stage("load records"):
            part = self._context.batches.load(self._job.dataset_id, upto=upto)
        if part is None or not part.records.height:
            msg = f"the data set {self._job.dataset} has no records yet; send some first"
            raise NothingToAnalyze(msg)
        self._progress.expect("load records", part.rows)
        uploads = [upload for upload in self._context.datasets.uploads(self._job.dataset) if upload.plan]
        plans = [plan_of(upload.plan or {}) for upload in uploads]
        choices = self._choices(plans, part)
        sizes = [self._context.batches.progress(upload.id)[1]["rows"] for upload in uploads]
        themes = choose_themes(
            self._context.theme_sets.current(self._job.dataset_id),
            named=self._context.datasets.get(self._job.dataset).theme_set,
            sets=self._context.named_sets,
            encoder_id=tools.corpus.encoder.encoder_id,
            segments=part.segments.height,
            relearn=self._job.options.get("relearn"),
        )
        # from here to the storing nothing is asked of the database: what takes minutes must not fail with it
        analysis = analyze_corpus(part, tools=themes.tools(tools.corpus), choices=choices, progress=self._progress)
        if not analysis.records.height:
            msg = f"none of the {part.rows} records of {self._job.dataset} could be analyzed; their reasons are listed"
            raise NothingToAnalyze(msg)
        inputs = [InputFile(upload.name, upload.sha256, upload.size) for upload in uploads]
        analysis.manifest.update(
            describe(
                started=started,
                inputs=inputs,
                plans=[dict(upload.plan or {}) for upload in uploads],
                settings=self._context.settings,
                encoder=tools.corpus.encoder,
                models=tools.models,
                part=part,
            )
        )
        for entry, rows in zip(analysis.manifest["inputs"], sizes, strict=True):
            entry["rows"] = rows
        analysis.manifest.update(
            dataset=self._job.dataset, themes=themes.report(analysis), stages=self._progress.report()
        )
        return analysis, themes.outcome(analysis, segments=part.segments.height), started

    def _choices(self, plans: list[ColumnPlan], part: Part) -> Choices:
        """Say what the analysis covers: ratings and attributes of which there is any record."""
        settings = self._context.settings
        ratings, attributes = agree(plans)
        have = set(part.records.columns)
        known = {name for plan in plans for name in attribute_names(plan).values()}
        return Choices(
            ratings=[rating for rating in ratings if f"rating:{rating.name}" in have],
            attributes=[name for name in attributes if name in known and f"attribute:{name}" in have],
            seed=settings.seed,
            min_group=settings.min_group,
            pain_threshold=settings.pain_threshold,
            offer_words=settings.offer_words(),
            resamples=settings.resamples,
            max_unassigned=settings.max_unassigned,
        )

    def _finish(self, analysis_id: str, counts: dict[str, int]) -> None:
        self._progress.write(always=True)
        self._progress.note(counts=counts)
        self._context.jobs.end(self._job.id, JobState.DONE, attempt=self._job.attempt, analysis_id=analysis_id)
