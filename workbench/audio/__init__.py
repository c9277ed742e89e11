"""Recordings, and numbers and pictures of how a sound differs from another.

Signals are float32 arrays of shape [samples], one channel, in [-1, 1], at 16 kHz unless said.
"""
