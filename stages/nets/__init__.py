"""Network parts shared by papers."""
