"""Firmware compiled for this machine, held against the simulation."""
