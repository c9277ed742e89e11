"""One subcommand per file: `add_arguments(parser)` declares its options, `run(options)` does it.

`common` holds the options that several of them have.
"""
