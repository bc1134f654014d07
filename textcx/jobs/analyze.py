"""The job that analyzes a data set: themes, pain points, journey, ratings, drivers and trends over all its records.

It never needs a raw text: everything is made of the stored, redacted batches. Which batches count is decided at the
start; what comes in meanwhile belongs to the next analysis.

A data set learns its themes at its first analysis and keeps them: later records are assigned to them, and what they do
not explain is reported as emerging. They are learned again on request, or once the data set has grown to
``GROWN`` times what they were learned from; ids, names and history go on then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import NotFound, NothingToAnalyze
from textcx.domain.service.datasets import JobState
from textcx.domain.themes.sets import Change
from textcx.jobs.columns import plan_of
from textcx.jobs.progress import JobProgress
from textcx.pipelines.corpus import analyze_corpus
from textcx.pipelines.measures import Choices
from textcx.readers.columns.plan import attribute_names
from textcx.runs.manifest import InputFile, describe
from textcx.runs.record_half import agree
from textcx.store.sql.theme_sets import CurrentSet

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis
    from textcx.domain.feedback import ColumnPlan
    from textcx.domain.parts import Part
    from textcx.domain.service.datasets import Job
    from textcx.domain.themes.sets import ThemeSet
    from textcx.wiring.job_context import JobContext
    from textcx.wiring.theme_sets import DirectoryThemeSets

GROWN = 2
"""Growth of a data set after which its themes are learned again."""


class Analyze:
    """One attempt of an analyze job in this process."""

    def __init__(self, context: JobContext, job: Job) -> None:
        self._context, self._job = context, job
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
        corpus_tools = replace(tools.corpus, theme_set=themes.assign_to, previous=themes.previous)
        analysis = analyze_corpus(part, tools=corpus_tools, choices=choices, progress=self._progress)
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
            max_unassigned=settings.max_unassigned,
            alarms_a_year=settings.alarms_a_year,
        )

    def _finish(self, analysis_id: str, counts: dict[str, int]) -> None:
        self._progress.write(always=True)
        self._progress.note(counts=counts)
        self._context.jobs.end(self._job.id, JobState.DONE, attempt=self._job.attempt, analysis_id=analysis_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeChoice:
    """What an analysis does about themes: it assigns to ``assign_to``, or learns some that go on from ``previous``.

    ``name``: that of a named set. ``learned_from``: segments that ``assign_to`` was learned from, null for a named set.
    """

    assign_to: ThemeSet | None = None
    previous: ThemeSet | None = None
    name: str | None = None
    learned_from: int | None = None

    def outcome(self, analysis: Analysis, *, segments: int) -> CurrentSet | None:
        """Return the set that becomes the current one by an analysis of so many segments; null where it stays."""
        if analysis.theme_set is None or (self.assign_to is not None and self.name is None):
            return None
        learned = segments if self.assign_to is None else self.learned_from
        return CurrentSet(theme_set=analysis.theme_set, name=self.name, learned_from=learned)

    def report(self, analysis: Analysis) -> dict[str, Any] | None:
        """Say for the manifest which set was used, how it came to be, and what became of the themes before."""
        theme_set = analysis.theme_set
        if theme_set is None:
            return None
        how = "assigned" if self.assign_to is not None else "learned" if self.previous is None else "learned again"
        now = [event.change for event in theme_set.history if event.version == theme_set.version]
        changes = {change.value: now.count(change) for change in Change if change in now} if self.previous else {}
        about = {"set_id": theme_set.set_id, "version": theme_set.version, "name": self.name}
        return {**about, "how": how, "changes": changes}


def choose_themes(
    current: CurrentSet | None,
    *,
    named: str | None,
    sets: DirectoryThemeSets | None,
    encoder_id: str,
    segments: int,
    relearn: bool | None,
) -> ThemeChoice:
    """Choose the themes of an analysis of so many segments: of the set ``named``, else of the ``current`` one.

    ``relearn``: whether to learn again; null does so once the data set has grown.

    Raises:
        NotFound: If the named set is neither in reach nor stored.
        ModelProblem: If it was made with another encoder, or is damaged.
    """
    if named is not None:
        if sets is not None and named in sets.names():
            return ThemeChoice(assign_to=sets.get(named, encoder_id=encoder_id), name=named)
        if current is None or current.name != named:
            msg = f"the theme set {named!r} of the data set is not there any more; name another one, or none"
            raise NotFound(msg)
    fits = current is not None and current.theme_set.encoder_id == encoder_id
    if current is None or not fits:
        return ThemeChoice()
    if named is None:
        grown = current.learned_from is not None and segments >= GROWN * current.learned_from
        if relearn or (relearn is None and grown):
            return ThemeChoice(previous=current.theme_set)
    return ThemeChoice(assign_to=current.theme_set, name=current.name, learned_from=current.learned_from)
