"""spaCy: sentences, clauses and phrases."""
