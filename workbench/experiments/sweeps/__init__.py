"""Trainings of many variants of one generator."""
