"""Single steps against known answers: driver intervals, journey placement, redaction."""
