"""One simulated device: its memory, its healer's variables, evidence, spare pages and events."""
