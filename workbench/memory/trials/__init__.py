"""Fault trials: the exact definition and the fast engines."""
