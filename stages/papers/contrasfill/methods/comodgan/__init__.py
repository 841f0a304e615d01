"""CoModGAN, a baseline: one code, co-modulated by the masked image."""
