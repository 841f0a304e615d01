"""What runs now, and how the last runs ended."""
