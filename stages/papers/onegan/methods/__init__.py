"""The methods of OneGAN; each is a package with a block and a method."""
