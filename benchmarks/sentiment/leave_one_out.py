"""Calibration error on a source that the calibration never saw: leave one out, fit again, measure on its test texts.

    python -m benchmarks.sentiment.leave_one_out --data DIR [--model DIR] [--out FILE.json]

For each source of the calibration, everything is fitted again on the development texts of all other sources, by the
function that training uses, and the shipped encoder reads the left-out source's test texts with that calibration.
DynaSent has no test split: its development texts are the test here, both rounds left out together. Sets that are never
part of the calibration are measured as shipped. Only the calibration leaves the source out: the encoder was trained on
its train split. Writes ``benchmarks/results/leave_one_out.json``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file

from benchmarks.run import MODEL, RESULTS, parser_for, rounded, write_result
from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.model_folder import open_model
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.engines.encoder.reader import Calibration
from textcx.evaluation.sentiment_sets import SENTIMENT_SETS, read_labelled
from textcx.settings.analysis import Settings
from textcx.steps.statistics.classification import calibration_error, calibration_noise, corrected_calibration_error
from textcx.training.calibrate import SENTIMENT_SETS as CALIBRATED
from textcx.training.calibrate import calibrate
from textcx.training.develop import development_sets
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.engines.encoder.reader import BatchedEncoder
    from textcx.evaluation.sentiment_sets import SentimentSet
    from textcx.training.develop import DevelopmentSet

MOST = 0.06
"""Our aim: the largest calibration error on a source that was left out."""


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
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--out", type=Path, default=RESULTS / "leave_one_out.json")
    given = parser.parse_args()
    network, encoder = load_network(given.model), load_encoder(given.model)
    wording = Container(Settings()).language.requests
    sets = development_sets(given.data, open_model(given.model).tokenizer, wording=wording)
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
    report = rounded(report)
    for part in ("left_out", "never_in"):
        for name, figures in report[part].items():
            late = "" if figures["ece_corrected"] <= MOST else f"  above {MOST}"
            print(f"{part:<9} {name:<16} ECE {figures['ece']:.3f}, corrected {figures['ece_corrected']:.3f}{late}")
    write_result(report, given.out)


if __name__ == "__main__":
    main()
