"""A raw dataset before any stage runs: each module opens what its reader will read, and hashes and decodes no more."""
