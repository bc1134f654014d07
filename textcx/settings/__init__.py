"""Settings of analyses and of the service: defaults < textcx.toml < environment < flags."""
