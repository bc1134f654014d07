"""Whether the statistics of findings keep what they promise."""
