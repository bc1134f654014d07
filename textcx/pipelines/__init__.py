"""The order of the steps for a file, a single text and arriving records; computes nothing."""
