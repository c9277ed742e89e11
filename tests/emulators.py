"""Marks of tests that compile firmware for a microcontroller, or emulate one."""

import importlib.util

import pytest

needs_zig = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None,
    reason="ziglang, which cross-compiles firmware, is not installed",
)
needs_emulator = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("ziglang", "unicorn", "elftools")),
    reason="ziglang, unicorn or pyelftools, which compile and emulate firmware, are not installed",
)
