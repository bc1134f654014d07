"""One file per batch job, idempotent and resumable."""
