"""A whole training run: start weights, teacher, student, calibration, model folder."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from textcx.engines.encoder.backends.torch import fuse
from textcx.engines.encoder.network import EncoderNetwork, backbone_from_bert
from textcx.training.batches import draw_epoch, token_ids
from textcx.training.calibrate import calibrate
from textcx.training.corpus import read_corpus, taught_by
from textcx.training.develop import CHOOSING, development_sets
from textcx.training.export import export_model
from textcx.training.loop import Training
from textcx.training.plan import TrainingPlan
from textcx.training.sources import SOURCES
from textcx.training.start import open_start, start_folder, teacher_folder
from textcx.training.teacher import TeacherNetwork, answers_of, backbone_from_mpnet, teacher_about, teacher_plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.ports import ProgressReporter
    from textcx.training.develop import DevelopmentSet
    from textcx.training.examples import Corpus

_log = logging.getLogger(__name__)


def run_training(
    *,
    data: Path,
    out: Path,
    work: Path,
    start: Path | None,
    teacher: Path | None,
    taught: bool,
    seed: int,
    epochs: int,
    resume: bool,
    progress: ProgressReporter,
    wording: RequestPatterns,
) -> Path:
    """Train, calibrate and export; see :func:`textcx.training.train_encoder`."""
    start = start_folder(start)
    plan = TrainingPlan(seed=seed, epochs=epochs)
    corpus = read_corpus(data, wording=wording)
    if taught:
        folder = teacher_folder(teacher, work=work)
        corpus = _teach(
            corpus,
            plan,
            data=data,
            start=folder,
            work=work / "teacher",
            resume=resume,
            progress=progress,
            wording=wording,
        )
    weights, tokenizer = open_start(start)
    sets = development_sets(data, tokenizer, wording=wording)
    network = _seeded(EncoderNetwork(), seed)
    network.load_state_dict(backbone_from_bert(weights), strict=False)
    Training(
        network.to(_device()),
        tokenizer,
        corpus=corpus,
        sets=sets,
        work=work,
        plan=plan,
        progress=progress,
        name="student",
    ).run(resume=resume)
    return finish(work, out, tokenizer=tokenizer, sets=sets, plan=plan, taught=taught)


def _teach(
    corpus: Corpus,
    plan: TrainingPlan,
    *,
    data: Path,
    start: Path,
    work: Path,
    resume: bool,
    progress: ProgressReporter,
    wording: RequestPatterns,
) -> Corpus:
    """Train the teacher, let it read what the student will see, and soften the student's targets."""
    answers = work / "answers.safetensors"
    if not (resume and answers.exists()):
        weights, tokenizer = open_start(start)
        sources = tuple(source for source in SOURCES if source.for_teacher)
        choosing = tuple(one for one in sources if one.name in CHOOSING)
        sets = development_sets(data, tokenizer, wording=wording, sources=choosing)
        own = read_corpus(data, wording=wording, sources=sources)
        network = _seeded(TeacherNetwork(), plan.seed)
        network.load_state_dict(backbone_from_mpnet(weights), strict=False)
        training = Training(
            network.to(_device()),
            tokenizer,
            corpus=own,
            sets=sets,
            work=work,
            plan=teacher_plan(plan.seed),
            progress=progress,
            name="teacher",
        )
        best = training.run(resume=resume)
        network.load_state_dict(load_file(best))
        network.bfloat16()
        if network.words.weight.device.type == "cpu":
            fuse(network.eval())
        places = _drawn(corpus, plan)
        _log.info("the teacher reads %d texts", len(places))
        texts = [corpus.examples[place].text for place in places]
        ids = token_ids(tokenizer, texts, longest=teacher_plan(plan.seed).longest)
        with progress.stage("teach"):
            progress.expect("teach", len(ids))
            found = answers_of(network, ids, advance=lambda texts: progress.advance("teach", texts))
        save_file(found | {"places": torch.from_numpy(places)}, answers)
    return taught_by(corpus, load_file(answers))


def _drawn(corpus: Corpus, plan: TrainingPlan) -> NDArray[np.int64]:
    """Places of the examples that the student will see and a teacher may have a say in."""
    seen = np.unique(np.concatenate([draw_epoch(corpus, seed=plan.seed, epoch=epoch) for epoch in range(plan.epochs)]))
    wanted = np.zeros(len(corpus.examples), dtype=bool)
    for source in corpus.sources:
        wanted[slice(*corpus.bounds[source.name])] = source.taught > 0
    chosen: NDArray[np.int64] = seen[wanted[seen]]
    return chosen


def _seeded(network: EncoderNetwork, seed: int) -> EncoderNetwork:
    torch.manual_seed(seed)
    for head in (network.hidden, network.sentiment, network.pain, network.request, network.emotions):
        head.reset_parameters()
    return network


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def finish(
    work: Path, out: Path, *, tokenizer: Tokenizer, sets: Sequence[DevelopmentSet], plan: TrainingPlan, taught: bool
) -> Path:
    """Calibrate the best checkpoint of a run and write its model folder.

    The weights are rounded to half precision before they are calibrated, so that what is measured is what is shipped.
    """
    network = EncoderNetwork()
    exact: dict[str, Tensor] = {
        name: value.half().float() for name, value in load_file(work / "best.safetensors").items()
    }
    network.load_state_dict(exact)
    network.set_precision(torch.bfloat16)
    calibration = calibrate(network, sets)
    network.set_precision(torch.float32)
    network.load_state_dict(exact)
    choice = json.loads((work / "best.json").read_text(encoding="utf-8"))
    return export_model(
        out,
        network=network,
        tokenizer=tokenizer,
        calibration=calibration,
        plan=asdict(plan),
        choice=choice,
        teacher=teacher_about(plan.seed) if taught else None,
    )
