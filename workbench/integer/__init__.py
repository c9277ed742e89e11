"""The integer program: what a trained generator computes, in codes and shifts alone.

`program` declares it, `lowering` makes it from Brevitas modules, `agreement` compares the two,
`reference` is the plain oracle, `engine` runs many faulty variants at once, `storage` keeps it on disk.
"""
