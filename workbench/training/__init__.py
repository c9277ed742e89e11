"""Training of generators: float first, then quantisation-aware, resumable at any step."""
