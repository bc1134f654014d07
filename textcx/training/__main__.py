"""``python -m textcx.training --data DIR --out DIR``: train the encoder and write its model folder."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from textcx.training import train_encoder


def main(arguments: list[str] | None = None) -> int:
    """Train from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m textcx.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--work", type=Path, help="folder for checkpoints; OUT.work by default")
    parser.add_argument("--start", type=Path, help="folder of all-MiniLM-L6-v2; the installed package by default")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    work = given.work or given.out.with_name(given.out.name + ".work")
    train_encoder(
        data=given.data,
        out=given.out,
        work=work,
        start=given.start,
        seed=given.seed,
        epochs=given.epochs,
        resume=given.resume,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
