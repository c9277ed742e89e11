"""Panels for notebooks: controls and pictures only, all computing is done by the packages below."""
