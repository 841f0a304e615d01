"""What stops or blocks a run here."""
