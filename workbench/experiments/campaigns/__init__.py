"""Fault campaigns: shards, workers, results."""
