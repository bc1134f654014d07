"""How fast ``textcx analyze`` and the encoder are, beside the stock pipeline and on whole files."""
