"""The identity direction of an unconditional StyleGAN2 (supp §4.2): generator, inversion, direction, walks."""
