"""Trained generators ready to be damaged, and how well they speak."""
