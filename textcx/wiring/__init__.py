"""The only place that builds things: from settings to engines, readers, stores and services."""
