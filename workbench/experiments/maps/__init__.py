"""Criticality maps and what they protect."""
