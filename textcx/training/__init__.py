"""Train the encoder from open data: corpus, loop, calibration, model folder."""
