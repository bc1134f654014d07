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

    Returns:
        The verbatim, and for each non-empty cell its column number and its span in the verbatim.
    """
    filled = [(column, cell) for column, cell in enumerate(cells) if cell]
    spans: list[dict[str, int]] = []
    position = 0
    for column, cell in filled:
        spans.append({"column": column, "start": position, "end": position + len(cell)})
        position += len(cell) + len(VERBATIM_JOINT)
    return VERBATIM_JOINT.join(cell for _, cell in filled), spans


def pseudonym(respondent: str | None, *, key: bytes) -> str | None:
    """Give a respondent a stable pseudonym: HMAC-SHA256 under the installation's key, 16 hex digits."""
    return _keyed_hash(respondent.strip(), key)[:16] if respondent and respondent.strip() else None


def public_id(given: str | None, *, key: bytes) -> str | None:
    """Return a given record id, or its pseudonym where the id itself tells who it is.

    That is so for an e-mail address, a telephone or card number with its separators, and words without any digit.
    """
    return pseudonym(given, key=key) if given and PERSONAL_ID.search(given.strip()) else given


def _content_hash(values: dict[str, Any], key: bytes) -> str:
    filled = {name: value for name, value in values.items() if value is not None}
    return _keyed_hash(json.dumps(filled, ensure_ascii=False, sort_keys=True), key)


def _keyed_hash(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def assemble(frame: pl.DataFrame, *, number: int, respondent_key: bytes) -> pl.DataFrame:
    """Turn a frame of ``FEEDBACK_SCHEMA``, with its rating and attribute columns, into records.

    Returns:
        The frame with ``input`` (``number``), and with ``texts`` and ``respondent`` replaced by ``verbatim``, ``cells``
        (list of {column, start, end}), ``content_hash`` (keyed hash of all values of the row, so that nobody can guess
        masked words from it; a column that is empty in the row counts as one that is not there) and ``respondent_id``.
    """
    joined = [join_cells(texts or ()) for texts in frame["texts"].to_list()]
    content = frame.drop("row", "where").with_columns(pl.col("created_at").dt.to_string("iso:strict"))
    texts: dict[str, list[str] | list[str | None]] = {
        "given_id": [public_id(given, key=respondent_key) for given in frame["given_id"]],
        "verbatim": [verbatim for verbatim, _ in joined],
        "content_hash": [_content_hash(values, respondent_key) for values in content.iter_rows(named=True)],
        "respondent_id": [pseudonym(who, key=respondent_key) for who in frame["respondent"]],
    }
    return frame.drop("texts", "respondent").with_columns(
        *(pl.Series(name, values, dtype=pl.String) for name, values in texts.items()),
        pl.Series("cells", [spans for _, spans in joined], dtype=CELLS),
        input=pl.lit(number, dtype=pl.Int64),
    )
