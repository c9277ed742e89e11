"""Shares of dangerous bits from samples, with intervals."""
