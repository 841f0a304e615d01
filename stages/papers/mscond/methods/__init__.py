"""The methods of MsConD and those it is compared with; each is a package with a block and a method."""
