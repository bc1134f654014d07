"""Pure steps of the pipeline: no I/O, no framework, no clock, no unseeded randomness."""
