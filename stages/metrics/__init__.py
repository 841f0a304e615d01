"""Measures: features → statistics → numbers, each a chain of small arrows."""
