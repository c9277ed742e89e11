"""From Brevitas modules to integer programs, exactly or not at all."""
