"""Generators and what they are built from: one file of quantisers, one of layers, one a generator."""
