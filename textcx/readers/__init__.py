"""Files in, feedback batches out."""
