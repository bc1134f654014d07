"""How good the encoder is: sentiment, pain, calibration, labels, and the model card made of it."""
