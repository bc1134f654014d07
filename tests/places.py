"""Where things are that the tests use."""

from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "sample" / "feedback.csv"
