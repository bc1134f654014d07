"""The routes, one module for each group of them; ``textcx``'s types come in, documents go out."""
