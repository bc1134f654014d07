"""Tell whose records may be alike, so that no interval takes what one person wrote for the answers of many.

Known respondents are people. Where none are known, or all of their ids differ (as row numbers do), the same values in
all attributes are looked for: records that agree in them are taken for one person's, as long as that makes many people.
Taking strangers for one person costs a little width; taking one person for many would promise too much. Where nothing
tells who wrote what, every record stands for itself, and the report says so.

Invariant, tested: the order of the records never matters.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

PERSON = "textcx person"
"""Name of the column, unlike any that a user would give an attribute."""
MANY = 50
"""People, counted as if they wrote equally much, that the attributes must tell apart to stand in for respondents."""


class Known(StrEnum):
    """What tells whose records are whose."""

    RESPONDENTS = "respondents"
    ATTRIBUTES = "attributes"
    NOTHING = "nothing"


def with_people(answers: pl.DataFrame, *, attributes: Sequence[str]) -> tuple[pl.DataFrame, Known]:
    """Add ``PERSON``, never null, to readable records with ``record_id``, ``respondent_id`` and attribute columns."""
    ids = answers["respondent_id"].drop_nulls()
    alone = pl.lit("record ") + pl.col("record_id")
    if ids.n_unique() < ids.len():
        return answers.with_columns(
            pl.coalesce(pl.lit("respondent ") + pl.col("respondent_id"), alone).alias(PERSON)
        ), (Known.RESPONDENTS)
    if attributes:
        told = pl.any_horizontal(pl.col(attributes).is_not_null())
        alike = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in attributes], separator="\x1f")
        found = answers.with_columns(pl.when(told).then(pl.lit("attributes ") + alike).otherwise(alone).alias(PERSON))
        sizes = found.group_by(PERSON).len()["len"].cast(pl.Float64)
        if found.height > sizes.len() and sizes.sum() ** 2 >= MANY * (sizes**2).sum():
            return found, Known.ATTRIBUTES
    return answers.with_columns(
        alone.alias(PERSON)
    ), Known.RESPONDENTS if ids.len() == answers.height > 0 else Known.NOTHING
