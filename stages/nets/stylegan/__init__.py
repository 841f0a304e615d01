"""StyleGAN2's parts: mapping, modulated convolutions, resampling, noise."""
