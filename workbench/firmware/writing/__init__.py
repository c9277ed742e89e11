"""The C of a generator with its healer: header, source, and what a translation unit holds."""
