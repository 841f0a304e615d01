"""Readers of raw datasets, filters, and the packed form that training reads."""
