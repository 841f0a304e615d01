"""Unpaired translation held by spatial self-similarity: F/LSeSim."""
