"""Which column of a file is what: found by name and content, or as the user says."""
