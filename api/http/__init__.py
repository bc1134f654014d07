"""HTTP itself: bodies, errors, security, logs, metrics, draining."""
