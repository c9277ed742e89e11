"""One subcommand per file: `add_arguments(parser)` declares its options, `run(options)` does it."""
