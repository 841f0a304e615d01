"""OneGAN itself: a generator, three encoders and two judges, trained on three paths in three phases."""
