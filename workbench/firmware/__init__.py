"""C firmware of a program and its healer: generation, compilers, host build, emulated devices, boards."""
