"""What is watched in an image, and by which check: a file for each kind of guard and monitor."""

from workbench.memory.watches import (
    kind_registry as kind_registry,  # enters the kinds that come with it
)
