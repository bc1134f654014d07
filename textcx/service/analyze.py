"""The job that analyzes a data set: themes, pain points, journey, ratings, drivers and trends over all its records.

It never needs a raw text: everything is made of the stored, redacted batches. Which batches count is decided at the
start; what comes in meanwhile belongs to the next analysis.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textcx import pipeline
from textcx.domain.datasets import JobState
from textcx.domain.errors import NothingToAnalyze
from textcx.jobs.first_half import agree
from textcx.jobs.inputs import InputFile
from textcx.jobs.manifest import describe
from textcx.readers.columns import attribute_names
from textcx.service.columns import plan_of
from textcx.service.watch import JobWatch
from textcx.steps.arrivals import ThemeAnchors
from textcx.steps.gather import gather

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis
    from textcx.domain.datasets import Job
    from textcx.domain.parts import Part
    from textcx.service.bench import Bench
    from textcx.service.ingest import Step


class Analyze:
    """One attempt of an analyze job in this process. ``run`` may be replayed from the start at any time."""

    def __init__(self, bench: Bench, job: Job) -> None:
        self._bench = bench
        self._job = job
        self._watch = JobWatch(bench, job.id, attempt=job.attempt, progress=dict(job.progress))

    def run(self, step: Step) -> None:
        """Run the job to its end.

        Args:
            step: Carries out a named piece of work once: what it returned is remembered, also by the next process.
        """
        upto = step("choose", self._choose)["upto"]
        made = step("analyze", lambda: self._analyze(upto))
        step("finish", lambda: self._finish(made))

    def _choose(self) -> dict[str, Any]:
        return {"upto": self._bench.batches.last(self._job.dataset_id)}

    def _analyze(self, upto: int) -> dict[str, Any]:
        started = datetime.now(tz=UTC)
        with self._watch.stage("load models"):
            tools = self._bench.tools
        with self._watch.stage("load records"):
            part = self._bench.batches.load(self._job.dataset_id, upto=upto)
        if part is None or not part.records.height:
            msg = f"the data set {self._job.dataset} has no records yet; send some first"
            raise NothingToAnalyze(msg)
        self._watch.expect("load records", part.rows)
        uploads = [upload for upload in self._bench.datasets.uploads(self._job.dataset) if upload.plan]
        plans = [plan_of(upload.plan or {}) for upload in uploads]
        choices = self._choices(plans, part)
        analysis = pipeline.over_all(part, tools=tools.second, choices=choices, watch=self._watch)
        if not analysis.records.height:
            msg = f"none of the {part.rows} records of {self._job.dataset} could be analyzed; their reasons are listed"
            raise NothingToAnalyze(msg)
        inputs = [InputFile(upload.name, upload.sha256, upload.size) for upload in uploads]
        analysis.manifest.update(
            describe(
                started=started, inputs=inputs, plans=[dict(upload.plan or {}) for upload in uploads],
                settings=self._bench.settings, encoder=tools.second.encoder, models=tools.models, part=part,
            )
        )  # fmt: skip
        for told, upload in zip(analysis.manifest["inputs"], uploads, strict=True):
            told["rows"] = self._bench.batches.progress(upload.id)[1]["rows"]
        analysis.manifest.update(dataset=self._job.dataset, stages=self._watch.report())
        with self._watch.stage("store"):
            analysis_id = self._bench.database.patiently(
                lambda: self._publish(analysis, part, since=started), seconds=self._bench.patience
            )
        headline = analysis.headline
        counts = {name: headline[name] for name in ("records_in", "analyzed", "segments", "themes", "pain_points")}
        return {"analysis": analysis_id, "counts": counts}

    def _choices(self, plans: list[Any], part: Part) -> pipeline.Choices:
        """Say what the analysis covers: ratings and attributes of which there is any record."""
        settings = self._bench.settings
        ratings, attributes = agree(plans)
        have = set(part.records.columns)
        known = {name for plan in plans for name in attribute_names(plan).values()}
        return pipeline.Choices(
            ratings=[rating for rating in ratings if f"rating:{rating.name}" in have],
            attributes=[name for name in attributes if name in known and f"attribute:{name}" in have],
            seed=settings.seed, min_group=settings.min_group, pain_threshold=settings.pain_threshold,
            offer_words=settings.offer_words(), resamples=settings.resamples,
        )  # fmt: skip

    def _publish(self, analysis: Analysis, part: Part, *, since: datetime) -> str:
        found = gather(part)
        anchors = ThemeAnchors.of(analysis.tables["mentions"], found.segments["segment_id"], found.vectors)
        kept = replace(analysis, manifest=dict(analysis.manifest))
        return self._bench.analyses.publish(
            kept, dataset_id=self._job.dataset_id, job_id=self._job.id, anchors=anchors, since=since
        )

    def _finish(self, made: dict[str, Any]) -> dict[str, Any]:
        self._watch.write(always=True)
        self._bench.jobs.note(self._job.id, attempt=self._job.attempt, counts=made["counts"])
        self._bench.jobs.end(self._job.id, JobState.DONE, attempt=self._job.attempt, analysis_id=made["analysis"])
        return {}
