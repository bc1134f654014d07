"""One execution over files: its checkpoints, progress, manifest and output directory."""
