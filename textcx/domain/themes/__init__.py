"""Types of themes: what is found, theme sets, edits, and the seed topics of a team."""
