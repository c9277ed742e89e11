"""What `import workbench as wb` offers: whole experiments in one call, for any generator.

Only `workbench/__init__.py` imports these modules by name, each when it is first asked for.
"""
