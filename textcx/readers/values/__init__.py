"""Cells: dates and missing values."""
