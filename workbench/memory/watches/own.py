"""Kinds of guards and remedies that installed packages bring.

Layout: a package has an entry point of the group "workbench.guards" that names a module; the module enters
its kinds, codes and remedies in the registries when it is imported.
"""

from __future__ import annotations

from functools import cache

from workbench.errors import WorkbenchError

GROUP = "workbench.guards"


@cache
def load_own() -> None:
    """Import what installed packages bring, once; WorkbenchError for what cannot be imported."""
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # whatever that package raises
            raise WorkbenchError(
                f"the guards {point.value} of an installed package cannot be used "
                f"({type(error).__name__}: {error}); mend that package or remove it"
            ) from error
