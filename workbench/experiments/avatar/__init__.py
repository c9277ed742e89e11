"""A face that hears: clean, with flipped bits, and healed, side by side and in step with the sound."""
