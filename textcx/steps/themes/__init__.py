"""Themes as pure functions, one room per question: finding, assigning, naming, describing, editing, lineage."""
