"""What would run again, and why."""
