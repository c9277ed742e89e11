"""What is done with a generator, an image and a healer: the demonstration, campaigns, comparisons."""
