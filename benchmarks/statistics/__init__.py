"""Simulations of how often the numbers of textcx are right."""
