"""Generators: networks that make sound, their layers and quantisers."""
