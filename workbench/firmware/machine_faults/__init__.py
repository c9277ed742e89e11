"""Faults of the whole machine: memory, registers and instructions of a firmware that runs."""
