"""Put a record together: its verbatim, the spans of its cells, a hash of its content, a pseudonym for its respondent.

Invariants, tested: ``verbatim[start:end]`` of a cell is the cell as received; the same row gives the same hash wherever
it stands; the respondent as given appears in no column of the result.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.feedback import VERBATIM_JOINT

if TYPE_CHECKING:
    from collections.abc import Sequence

CELLS = pl.List(pl.Struct({"column": pl.Int64, "start": pl.Int64, "end": pl.Int64}))


PERSONAL_ID = re.compile(r"@|^\+\d|^\(?\d{2,4}\)?(?:[ .-]\d{2,4}){2,}$|^[^\W\d_]+(?:[ ,.'-]+[^\W\d_]+)+$")
"""An e-mail address, a telephone or card number written in groups, or a name of two words or more."""


def join_cells(cells: Sequence[str | None]) -> tuple[str, list[dict[str, int]]]:
    """Join the non-empty cells of a record into its verbatim.

    Args:
        cells: One cell per text column, in the order of the plan; null or "" where there is none.

    Returns:
        The verbatim, and for each non-empty cell its column number and its span in the verbatim.
    """
    parts: list[str] = []
    spans: list[dict[str, int]] = []
    position = 0
    for column, cell in enumerate(cells):
        if not cell:
            continue
        if parts:
            position += len(VERBATIM_JOINT)
        spans.append({"column": column, "start": position, "end": position + len(cell)})
        parts.append(cell)
        position += len(cell)
    return VERBATIM_JOINT.join(parts), spans


def pseudonym(respondent: str | None, *, key: bytes) -> str | None:
    """Give a respondent a stable pseudonym: HMAC-SHA256 under the installation's key, 16 hex digits."""
    if respondent is None or not respondent.strip():
        return None
    return hmac.new(key, respondent.strip().encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def public_id(given: str | None, *, key: bytes) -> str | None:
    """Return a given record id, or its pseudonym where the id itself tells who it is.

    That is so for an e-mail address, a telephone or card number with its separators, and words without any digit.
    """
    return pseudonym(given, key=key) if given and PERSONAL_ID.search(given.strip()) else given


def _plain(values: dict[str, Any]) -> str:
    told = {name: value for name, value in values.items() if value is not None}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def assemble(frame: pl.DataFrame, *, number: int, respondent_key: bytes) -> pl.DataFrame:
    """Turn a feedback batch into records.

    Args:
        frame: Frame of ``FEEDBACK_SCHEMA`` with its rating and attribute columns.
        number: Number of the input among the inputs of the run.
        respondent_key: The installation's key for pseudonyms.

    Returns:
        The frame with ``input``, and with ``texts`` and ``respondent`` replaced by ``verbatim``, ``cells`` (list of
        {column, start, end}), ``content_hash`` (keyed hash of all values of the row, so
        that nobody can guess masked words from it; a column that is empty in the row counts as one that is not there)
        and ``respondent_id``.
    """
    joined = [join_cells(texts or ()) for texts in frame["texts"].to_list()]
    content = frame.drop("row", "where").with_columns(pl.col("created_at").dt.to_string("iso:strict"))
    hashes = [
        hmac.new(
            respondent_key,
            _plain(values).encode("utf-8", "surrogatepass"),
            hashlib.sha256,
        ).hexdigest()
        for values in content.iter_rows(named=True)
    ]
    return frame.drop("texts", "respondent").with_columns(
        pl.lit(number, dtype=pl.Int64).alias("input"),
        pl.Series("given_id", [public_id(given, key=respondent_key) for given in frame["given_id"]], dtype=pl.String),
        pl.Series("verbatim", [verbatim for verbatim, _ in joined], dtype=pl.String),
        pl.Series("cells", [spans for _, spans in joined], dtype=CELLS),
        pl.Series("content_hash", hashes, dtype=pl.String),
        pl.Series(
            "respondent_id", [pseudonym(who, key=respondent_key) for who in frame["respondent"]], dtype=pl.String
        ),
    )
