"""What DVC's lock, cache and run cache hold."""
