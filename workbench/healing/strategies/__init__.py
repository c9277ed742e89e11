"""Strategies: guards, policies and their composition, by name, in files, and what suits a program."""
