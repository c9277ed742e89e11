"""One application a file: `run(options)` measures and prints."""
