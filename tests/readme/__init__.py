"""README and the other pages: what they say is what is there."""
