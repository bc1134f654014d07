"""Where finished analyses and checkpoints are kept."""
