"""Firmware on emulated cores: runs, costs, what fits a board, long runs."""
