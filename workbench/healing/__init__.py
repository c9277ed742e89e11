"""Streaming generation with upsets arriving over time, and healers that find and mend them."""
