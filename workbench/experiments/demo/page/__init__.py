"""The demonstration's page: one self-contained HTML file, made of data and three files beside this.

`page.html` is the frame, `page.css` the style, `page.js` the optional behaviour.
"""

from workbench.experiments.demo.page.document import render

__all__ = ["render"]
