"""Both engines told that results are up to date."""
