"""The version of the client; the same as that of textcx."""

__version__ = "0.1.0"
