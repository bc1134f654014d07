"""Train the branch of matters of a model: what titles, aspects and opinions are read with."""
