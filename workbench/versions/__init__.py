"""Versions of a model in flash: the store as C has it, and flash that loses power."""
