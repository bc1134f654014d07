"""Files in, feedback batches out."""

from textcx.readers.columns import plan_columns
from textcx.readers.opening import open_feedback
from textcx.readers.ratings import parse_rating

__all__ = ["open_feedback", "parse_rating", "plan_columns"]
