"""The page of a paper: one HTML file without a server, in which a click on a number plays what is behind it."""

from workbench.papers.page.document import page_of

__all__ = ["page_of"]
