"""Types, units and errors: the ground floor, importing nothing of textcx."""
