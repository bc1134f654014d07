"""Give every record an id that does not depend on where in the input it stood.

A given id is kept. Without one, the id is a hash of the row's content. The same id with other content gets a suffix
from that content; the same content again gets its occurrence number. Which of several contents keeps the plain id is
decided by their hashes, so the order of the input never matters.
"""

from __future__ import annotations

import polars as pl

HASH_DIGITS = 16
SUFFIX_DIGITS = 6


def assign_ids(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Assign record ids.

    Args:
        rows: ``row`` (unique), ``given_id`` (nullable), ``content_hash``; more columns are left alone.

    Returns:
        ``rows`` with a unique ``record_id``, and the number of given ids that came with more than one content.
    """
    base = pl.coalesce(
        pl.col("given_id").str.strip_chars().replace("", None),
        pl.lit("r") + pl.col("content_hash").str.head(HASH_DIGITS),
    ).alias("base")
    ranked = (
        rows.with_columns(base)
        .sort("base", "content_hash", "row")
        .with_columns(
            content=pl.col("content_hash").rank("dense").over("base"),
            occurrence=pl.int_range(pl.len()).over("base", "content_hash") + 1,
        )
    )
    conflicts = ranked.filter(pl.col("content") > 1)["base"].n_unique()
    named = ranked.with_columns(
        record_id=pl.col("base")
        + pl.when(pl.col("content") > 1)
        .then(pl.lit("~") + pl.col("content_hash").str.head(SUFFIX_DIGITS))
        .otherwise(pl.lit(""))
        + pl.when(pl.col("occurrence") > 1)
        .then(pl.lit("#") + pl.col("occurrence").cast(pl.String))
        .otherwise(pl.lit(""))
    )
    clash = pl.col("record_id").is_duplicated()
    if named.select(clash.any()).item():  # a given id that looks like one of our suffixes
        named = named.with_columns(
            record_id=pl.when(clash & (pl.col("record_id") != pl.col("base")))
            .then(pl.col("record_id") + "+" + pl.col("content_hash").str.head(HASH_DIGITS))
            .otherwise(pl.col("record_id"))
        )
    return named.drop("base", "content", "occurrence").sort("row"), conflicts
