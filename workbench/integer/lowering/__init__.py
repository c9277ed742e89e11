"""From Brevitas modules to integer programs, exactly or not at all."""

# Raised whenever a module lowers to another program than before, so that stored ones are made again.
LOWERING_VERSION = 2
