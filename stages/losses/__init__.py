"""Losses shared by papers."""
