"""Simulated fleets of devices that heal themselves."""
