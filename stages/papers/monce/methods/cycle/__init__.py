"""Unpaired translation held by a cycle through both domains."""
