"""MoNCE: modulated contrast for versatile image synthesis."""
