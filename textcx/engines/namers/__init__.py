"""Names and titles from language models that the user has."""
