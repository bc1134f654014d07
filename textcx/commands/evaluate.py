"""Evaluate an encoder on labelled data: tables for the reader, numbers as JSON. No text is shown or written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import WrongUse
from textcx.evaluation import as_text, evaluate, tables
from textcx.evaluation.pairs import pairs_directory
from textcx.evaluation.run import check_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from textcx.ports import Encoder


def evaluate_encoder(
    data: Path,
    *,
    open_encoder: Callable[[], Encoder],
    out: Path | None = None,
    sets: Iterable[str] | None = None,
    limit: int | None = None,
    baselines: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """Measure an encoder on the labelled data in a folder and return the tables as text.

    Args:
        data: Folder of the labelled data.
        open_encoder: Gives the encoder to measure; called when the rest of the request is known to be right.
        out: JSON file for the numbers; replaced if it is there.
        sets: Names of sets; None takes all.
        limit: At most so many texts of each set.
        baselines: Measure VADER and TextBlob, too.
        tell: Called with sentences on the progress.

    Raises:
        WrongUse: If ``out`` cannot be written.
        UnreadableInput: If the data are not there or broken.
        BadSetting: If a name of a set is unknown.
    """
    if out is not None and out.is_dir():
        message = f"--out {out} is a directory; name a file for the JSON, such as {out / 'evaluation.json'}"
        raise WrongUse(message)
    if out is not None and not out.absolute().parent.is_dir():
        message = f"the directory of --out {out} does not exist; make it first"
        raise WrongUse(message)
    chosen = check_request(data, sets)
    report = evaluate(
        encoder=open_encoder(),
        data=data,
        sets=chosen,
        limit=limit,
        baselines=baselines,
        pairs=pairs_directory(),
        tell=tell,
    )
    if out is not None:
        write_json(report, out)
    head = f"Encoder {report['encoder_id']}, {report['precision']}, confident from {report['confident_at']:.2f}"
    if limit is not None:
        head += f"; at most {limit:,} texts of each set, so read the figures as a trial"
    return f"{head}\n\n{as_text(tables(report))}"


def write_json(report: dict[str, Any], out: Path) -> None:
    """Write a result so that the file is there whole or not at all."""
    draft = out.with_name(f"{out.name}.partial")
    draft.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draft.replace(out)
