"""Recordings, and measures and pictures of the difference between two sounds.

Signals are float32 arrays of shape [samples], one channel, in [-1, 1], at 16 kHz unless said.
"""
