"""Calibration on a source that calibration never saw: leave a source out, fit again, measure on its test texts.

    python benchmarks/leave_one_out.py --data DIR [--model DIR] [--out FILE.json]

For each source of the calibration, everything is fitted again on the development texts of all other sources, by the
function that training uses, and the shipped encoder reads the left-out source's test texts with what was found.
DynaSent has no test split: its development texts are the test here, both rounds left out together. Sets that are never
part of the calibration are measured as shipped. The encoder was trained on the train splits of the left-out sources all
the same: what is left out is the calibration. Writes ``benchmarks/results/leave_one_out.json``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file

from textcx.domain.measures import calibration_error, calibration_noise, corrected_calibration_error
from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.model_folder import open_model
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.engines.encoder.reader import Calibration
from textcx.engines.language.folder import load_language
from textcx.evaluation.sentiment_sets import SENTIMENT_SETS, read_labelled
from textcx.training.calibrate import SENTIMENT_SETS as CALIBRATED
from textcx.training.calibrate import calibrate
from textcx.training.develop import development_sets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.engines.encoder.reader import BatchedEncoder
    from textcx.evaluation.sentiment_sets import SentimentSet
    from textcx.training.develop import DevelopmentSet

ROOT = Path(__file__).resolve().parents[1]
MOST = 0.06
"""The largest calibration error that we set out to have on a source left out."""


def load_network(model: Path) -> EncoderNetwork:
    """Return the network of a model folder as training calibrates it: in bf16."""
    folder = open_model(model)
    network = EncoderNetwork(NetworkShape(**folder.network))
    network.load_state_dict(load_file(folder.weights))
    network.set_precision(torch.bfloat16)
    return network


def fit_without(source: str, network: EncoderNetwork, sets: Sequence[DevelopmentSet]) -> Calibration:
    """Calibrate as training does, on the development sets of all sources but one."""
    found = calibrate(network, [one for one in sets if source_of(one.name) != source])
    return Calibration(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})


def measure(encoder: BatchedEncoder, one: SentimentSet, data: Path) -> dict[str, Any]:
    """Measure the calibration of an encoder on a set."""
    read = read_labelled(one, data)
    found = encoder.encode(read.texts, vectors=False).sentiment.astype(np.float64)
    sure, right = found.max(1), found.argmax(1) == read.truth
    confident = sure >= encoder.calibration.confident_at
    return {
        "texts": len(read.texts),
        "role": one.role,
        "ece": calibration_error(sure, right),
        "ece_corrected": corrected_calibration_error(sure, right),
        "ece_noise": calibration_noise(sure),
        "confident_share": float(confident.mean()),
        "confident_errors": float((~right)[confident].mean()) if confident.any() else None,
    }


def source_of(name: str) -> str:
    """Return the source of a set: both rounds of DynaSent are one."""
    return name.partition("_r")[0] if name.startswith("dynasent") else name


def main() -> None:
    """Leave each source out in turn and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "sentiment")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "leave_one_out.json")
    given = parser.parse_args()
    network, encoder = load_network(given.model), load_encoder(given.model)
    english = load_language(ROOT / "models" / "languages" / "en")
    sets = development_sets(given.data, open_model(given.model).tokenizer, wording=english.requests)
    shipped = encoder.calibration
    report: dict[str, Any] = {
        "encoder_id": encoder.encoder_id,
        "precision": encoder.precision,
        "shipped": {"calibration": asdict(shipped)},
        "most": MOST,
        "left_out": {},
        "never_in": {},
    }
    measured = [one for one in SENTIMENT_SETS if not one.two_way]
    for source in dict.fromkeys(source_of(name) for name in CALIBRATED):
        encoder.calibration = fit_without(source, network, sets)
        for one in measured:
            if source_of(one.name) == source:
                fitted = {"calibration": asdict(encoder.calibration)}
                report["left_out"][one.name] = measure(encoder, one, given.data) | fitted
    encoder.calibration = shipped
    for one in measured:
        if one.name not in report["left_out"] and one.role == "test":
            report["never_in"][one.name] = measure(encoder, one, given.data)
    report = json.loads(json.dumps(report), parse_float=lambda number: round(float(number), 4))
    for part in ("left_out", "never_in"):
        for name, figures in report[part].items():
            late = "" if figures["ece_corrected"] <= MOST else f"  above {MOST}"
            print(f"{part:<9} {name:<16} ECE {figures['ece']:.3f}, corrected {figures['ece_corrected']:.3f}{late}")
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
