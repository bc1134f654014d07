"""The job that turns an upload into records of its data set, batch by batch.

Each batch is read, redacted, scored, compared with what is there, and stored in one transaction. A job that was killed
goes on behind the last stored batch. When all is stored, the raw file is deleted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.encoding import EMOTIONS
from textcx.domain.errors import StoreProblem
from textcx.domain.service.datasets import JobState, UploadState
from textcx.jobs.columns import learned_from, overrides_for, plan_of
from textcx.jobs.progress import JobProgress
from textcx.pipelines.batch import analyze_batch
from textcx.pipelines.corpus import WORKING_LEVEL
from textcx.pipelines.incoming import analyze_incoming, main_subjects
from textcx.readers.opening import column_names
from textcx.runs.manifest import plan_for_manifest
from textcx.runs.record_half import RECORD_STAGES, agree
from textcx.steps.pains.urgency import LOOK_BACK, Case, judge_urgency, value_rank
from textcx.steps.records.ids import admit
from textcx.store.sql.batches import Batch
from textcx.store.sql.erasure import ErasedMeanwhile
from textcx.wiring.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textcx.domain.feedback import FeedbackBatch
    from textcx.domain.parts import Part
    from textcx.domain.service.datasets import Job, Upload, Urgency
    from textcx.domain.themes.sets import ThemeSet
    from textcx.wiring.job_context import JobContext

COUNTS = {
    "rows": "read",
    "stored": "stored",
    "unchanged": "unchanged",
    "unprocessable": "unprocessable",
    "unreadable": "unreadable",
    "conflicts": "renamed",
}
"""Counts of a batch, and what each is called for a job."""


class Ingest:
    """One attempt of an ingest job in this process; it goes on behind the batches that are stored."""

    def __init__(self, context: JobContext, job: Job) -> None:
        self._context, self._job = context, job
        self._progress = JobProgress(context, job)
        self._open: _OpenUpload | None = None

    def run(self) -> None:
        """Run the job to its end.

        Raises:
            JobCancelled: If it is to stop.
            ProcessEnds: If the process is.
            TextcxError: Why it failed.
        """
        again = self._context.patiently
        again(self._begin)
        while again(self._next_batch):
            pass
        again(self._finish)

    def _begin(self) -> None:
        """Find out which columns the upload has, and refuse what contradicts its data set."""
        upload = self._upload()
        with self._progress.stage("open"):
            dataset = self._context.datasets.get(self._job.dataset)
            path = self._context.spool.path(upload.spool or "")
            overrides = overrides_for(
                column_names(path), upload=upload.columns, dataset=dataset.columns, learned=dataset.learned
            )
            plan = open_source(path, overrides).plan
            earlier = [plan_of(other.plan) for other in self._context.datasets.uploads(dataset.name) if other.plan]
            agree([*earlier, plan])
            if not dataset.learned:
                self._context.datasets.learn(dataset.id, learned_from(plan))
            warnings = list(plan.warnings)
            self._context.datasets.mark_upload(
                upload.id, state=UploadState.READING, plan=plan_for_manifest(plan), warnings=warnings
            )
        self._progress.note(warnings=warnings)

    def _next_batch(self) -> bool:
        """Store the next batch; says whether there was one."""
        if self._open is None:
            self._open = _OpenUpload(self._context, self._upload())
        try:
            with self._progress.stage("read"):
                read = next(self._open.batches, None)
            if read is not None:
                self._store(self._open, read)
                self._note()
        except StoreProblem:
            self._open = None  # what was read and not stored is read again
            raise
        return read is not None

    def _store(self, opened: _OpenUpload, read: FeedbackBatch) -> None:
        tools = self._context.tools
        whole = analyze_batch(read, number=0, plan=opened.plan, tools=tools.record, progress=self._progress)
        batch, erased = None, set[str]()
        while batch is None:
            batch = self._batch_of(opened, whole, erased=erased)
            try:
                with self._progress.stage("store"):
                    self._context.batches.save(opened.upload, batch)
            except ErasedMeanwhile as meanwhile:
                batch, erased = None, erased | meanwhile.respondents
        opened.number += 1
        opened.repeats.update(batch.repeats)
        for name in (*RECORD_STAGES, "store"):
            self._progress.advance(name, whole.rows)

    def _batch_of(self, opened: _OpenUpload, whole: Part, *, erased: set[str]) -> Batch:
        """Admit what is new of a part, and find out what one can tell of new records: themes, pains, urgency."""
        dataset_id, stored = opened.upload.dataset_id, self._context.batches
        part = whole
        if erased:
            gone = whole.records["respondent_id"].is_in(list(erased)).fill_null(value=False)
            part = _rows(whole, whole.records.filter(~gone))
        admission = admit(
            part.records,
            earlier=opened.repeats,
            known=partial(stored.known_identities, dataset_id),
            taken=partial(stored.taken_ids, dataset_id),
        )
        kept = _only(part, admission.record_ids)
        segments = kept.segments.join(
            kept.records.select("row", record_id="given_id", touchpoint="touchpoint"), on="row", maintain_order="left"
        ).with_columns(segment_id=pl.format("{}:{}-{}", "record_id", "start", "end"))
        with self._progress.stage("triage"):
            tools = self._context.tools
            theme_set = self._themes(dataset_id, encoder_id=tools.record.encoder.encoder_id)
            incoming = analyze_incoming(segments, kept.matters, theme_set=theme_set, tools=tools.incoming)
            main = main_subjects(
                incoming, theme_set=theme_set, taxonomy=tools.incoming.language.journey, level=WORKING_LEVEL
            )
            urgencies = self._urgencies(opened, kept.records, incoming)
        rows = [*whole.records["row"], *(broken.row for broken in whole.unreadable)]
        return Batch(
            number=opened.number,
            part=kept,
            identities=admission.identities,
            incoming=incoming,
            main=main,
            urgencies=urgencies,
            repeats=admission.repeats,
            outcome={
                "first": min(rows, default=0),
                "rows": whole.rows,
                "stored": kept.records.height,
                "unchanged": admission.unchanged,
                "conflicts": admission.conflicts,
                "unreadable": len(whole.unreadable),
                "unprocessable": kept.records["reason"].count(),
                "urgent": len(urgencies),
            },
        )

    def _themes(self, dataset_id: int, *, encoder_id: str) -> ThemeSet | None:
        """Return the themes that new records are assigned to; those of another encoder's vectors are of no use."""
        current = self._context.theme_sets.current(dataset_id)
        return None if current is None or current.theme_set.encoder_id != encoder_id else current.theme_set

    def _urgencies(self, opened: _OpenUpload, records: pl.DataFrame, segments: pl.DataFrame) -> dict[int, Urgency]:
        """Judge which of the new records need a person."""
        now = datetime.now(tz=UTC)
        pains = (
            segments.filter(pl.col("severity").is_not_null())
            .group_by("row")
            .agg("severity", pain_reasons=pl.col("reasons").explode().drop_nulls())
        )
        feelings = segments.group_by("row").agg(pl.col(f"p_{emotion}").max() for emotion in EMOTIONS)
        candidates = records.filter(pl.col("reason").is_null()).join(pains, on="row", how="left")
        candidates = candidates.join(feelings, on="row", how="left")
        candidates = candidates.filter((pl.col("label") == "negative") | pl.col("severity").is_not_null())
        if not candidates.height:
            return {}
        marks = opened.marks or records["customer_value"].drop_nulls().sort().to_list()
        known = candidates["respondent_id"].drop_nulls().to_list()
        earlier = self._context.batches.earlier_contacts(opened.upload.dataset_id, known, since=now - LOOK_BACK)
        lexicon = self._context.tools.incoming.language.pains
        within: Counter[str] = Counter()
        urgencies: dict[int, Urgency] = {}
        for row in candidates.sort("row").iter_rows(named=True):
            who = row["respondent_id"]
            case = Case(
                label=row["label"],
                severities=row["severity"] or (),
                reasons=row["pain_reasons"] or (),
                emotions={emotion: row[f"p_{emotion}"] or 0.0 for emotion in EMOTIONS},
                text=row["text"],
                value_rank=value_rank(row["customer_value"], marks),
                created_at=row["created_at"] or now,
                earlier=(earlier[who] + within[who]) if who else 0,
            )
            if who and row["label"] == "negative":
                within[who] += 1
            urgency = judge_urgency(case, lexicon=lexicon, now=now)
            if urgency is not None:
                urgencies[row["row"]] = urgency
        return urgencies

    def _finish(self) -> None:
        """Delete the raw file and end the job."""
        upload = self._upload()
        self._note()
        self._progress.write(always=True)
        if upload.spool:
            self._context.spool.delete(upload.spool)
        self._context.datasets.mark_upload(
            upload.id, state=UploadState.DONE, spool=None, finished_at=datetime.now(tz=UTC)
        )
        self._context.jobs.end(self._job.id, JobState.DONE, attempt=self._job.attempt)

    def _note(self) -> None:
        _, counts, _ = self._context.batches.progress(self._job.upload_id or "")
        self._progress.note(counts={shown: counts[name] for name, shown in COUNTS.items()})

    def _upload(self) -> Upload:
        return self._context.datasets.upload(self._job.upload_id or "")


class _OpenUpload:
    """An upload that is being read, behind the batches that are stored."""

    def __init__(self, context: JobContext, upload: Upload) -> None:
        self.upload = upload
        self.number, counts, self.repeats = context.batches.progress(upload.id)
        self.marks = context.batches.value_marks(upload.dataset_id)
        path = context.spool.path(upload.spool or "")
        overrides = overrides_for(
            column_names(path), upload=learned_from(plan_of(upload.plan or {})), dataset={}, learned={}
        )
        reader = open_source(path, overrides)
        self.plan = reader.plan
        self.batches = iter(reader.batches(rows=context.settings.batch_rows, skip=counts["rows"]))


def _only(part: Part, record_ids: Mapping[int, str]) -> Part:
    """Return the admitted records of a part, each under its id."""
    ids = pl.DataFrame(
        {"row": list(record_ids), "given_id": list(record_ids.values())},
        schema={"row": pl.Int64, "given_id": pl.String},
    )
    return _rows(part, part.records.drop("given_id").join(ids, on="row", how="inner", maintain_order="left"))


def _rows(part: Part, records: pl.DataFrame) -> Part:
    """Return a part with these records of it, and their segments and aspects."""
    rows = records["row"].to_list()
    mine = part.segments["row"].is_in(rows)
    matters = part.matters[mine.to_numpy()]
    aspects = part.aspects.filter(pl.col("row").is_in(rows))
    return replace(part, records=records, segments=part.segments.filter(mine), aspects=aspects, matters=matters)
