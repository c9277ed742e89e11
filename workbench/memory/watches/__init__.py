"""What is watched in an image, and by which check."""
