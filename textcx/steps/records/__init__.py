"""One record and all records: assembled, screened, segmented, identified, deduplicated, brought together."""
