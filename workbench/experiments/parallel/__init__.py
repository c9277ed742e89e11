"""Tasks of long work, on the cores here or on a cluster."""
