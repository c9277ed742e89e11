"""Fault models, plans and events."""
