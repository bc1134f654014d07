"""Files in, feedback batches out."""

from textcx.readers.columns.plan import plan_columns
from textcx.readers.columns.ratings import parse_rating
from textcx.readers.opening import open_feedback

__all__ = ["open_feedback", "parse_rating", "plan_columns"]
