"""What `workbench bench` measures: one benchmark a file, each with `run(options)`."""
