"""Monitors of behaviour: calibrated on clean streams, and judged on streams that no threshold has seen."""
