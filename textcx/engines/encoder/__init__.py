"""The encoder behind its port: texts to windows to batches, to vectors and heads."""
