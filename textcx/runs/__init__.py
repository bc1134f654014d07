"""One execution over files: its inputs, checkpoints, progress, manifest and output directory."""
