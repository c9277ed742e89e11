"""How large random batches are: small in every run, large in the nightly one.

`@examples(60)` above `@given(...)` tries 60 examples, and 20 times as many with
WORKBENCH_TEST_PROFILE=nightly (`make nightly`). `scaled(60)` is the same for batches of one's own. Tests without
a number try what the profile says.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

NIGHTLY = os.environ.get("WORKBENCH_TEST_PROFILE") == "nightly"
_FACTOR = 20


def scaled(count: int, factor: int = _FACTOR) -> int:
    """`count`, or `factor` times as many in the nightly run."""
    return count * factor if NIGHTLY else count


def examples(count: int, **more: Any) -> settings:
    """Settings of a test that tries `scaled(count)` examples; `more`: as of `hypothesis.settings`."""
    return settings(max_examples=scaled(count), deadline=None, **more)
