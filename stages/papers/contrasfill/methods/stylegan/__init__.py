"""An unconditional StyleGAN2, which the identity study looks at."""
