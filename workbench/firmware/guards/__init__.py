"""Guards and monitors as C: a file for each kind, and a table of them."""
