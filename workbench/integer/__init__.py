"""The integer program: what a trained generator computes, in codes and shifts alone.

`program` declares it and `operators` what it is made of; `lowering` makes it from Brevitas modules and compares the
two; `reference` is the plain oracle; `engine` (torch) and `native` (C) run many faulty variants at once, and `smooth`
one with gradients; `storage` keeps it on disk.
"""
