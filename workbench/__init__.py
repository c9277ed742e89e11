"""Train, break, heal and flash tiny generative audio models, exact to the bit."""

__version__ = "0.1.0"
