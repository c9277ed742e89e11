"""Campaigns of faults of the whole machine: what becomes of a device that speaks."""
