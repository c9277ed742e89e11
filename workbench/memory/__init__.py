"""The memory image of a program: bytes at addresses, fault sites, flips, and many trials at once."""
