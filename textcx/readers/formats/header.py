"""Whether the first line of a file holds column names or already a record.

It matters for privacy as well: names of columns are printed and kept in the manifest, a record's words never are.
"""

from __future__ import annotations

import polars as pl

from textcx.readers.columns.profile import ColumnProfile
from textcx.readers.columns.text import asks
from textcx.readers.values.cells import numbers

_LONG_NAME = 5
"""Words from which on the only column's name is a comment, unless it asks something."""


def is_a_record(sample: pl.DataFrame) -> bool:
    """Tell whether the column names are a record: a date above dates, a number above numbers, a comment above comments.

    Args:
        sample: The rows below the first line, String columns named by it.
    """
    profiles = [ColumnProfile.of(sample[column]) for column in sample.columns]
    for profile in profiles:
        name = pl.Series([profile.name], dtype=pl.String)
        if profile.numeric and numbers(name).null_count() == 0:
            return True
        over = ColumnProfile(profile.name, 1, name)
        if profile.dates_likely and over.dates_likely:
            return True
    only = profiles[0]
    return len(profiles) == 1 and len(only.name.split()) >= _LONG_NAME and not asks(only)
