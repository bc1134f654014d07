"""Analyses in, pages and sheets out."""
