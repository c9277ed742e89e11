"""The folder of an exported firmware, and its golden vectors."""
