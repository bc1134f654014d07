"""Train the encoder from open data: corpus, teacher, loop, calibration, model folder."""
