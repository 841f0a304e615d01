"""Frozen helpers: networks that later stages look through, taught here or converted from the user's weight files."""
