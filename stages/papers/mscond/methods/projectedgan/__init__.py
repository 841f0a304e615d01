"""ProjectedGAN: a generator against small discriminators on mixed maps of a frozen network."""
