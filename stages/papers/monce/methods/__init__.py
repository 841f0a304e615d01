"""The methods of MoNCE; each is a package with a block and a method."""
