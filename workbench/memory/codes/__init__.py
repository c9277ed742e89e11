"""Checks of memory: signatures and error-correcting codes."""
