"""What a file was made from."""
