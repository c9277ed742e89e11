"""Voices on emulated boards: budgets, and a run under upsets."""
