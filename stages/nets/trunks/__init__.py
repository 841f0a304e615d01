"""Published feature extractors and trunks, at any width."""
