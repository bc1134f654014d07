"""From probabilities to label, polarity, mixed and confident."""
