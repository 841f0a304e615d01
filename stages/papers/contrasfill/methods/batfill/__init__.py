"""BAT-Fill, a baseline: a transformer over colour tokens, then an upsampler."""
