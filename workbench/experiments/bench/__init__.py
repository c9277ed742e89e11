"""Benchmarks beside peers and against known truths."""
