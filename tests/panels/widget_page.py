"""A page with one anywidget and a model that stands for Jupyter's, for tests in a browser without Jupyter."""

from __future__ import annotations

import base64
import json
import re

import anywidget

# Whose changes come at once; views of memory are never taken for equal.
_MODEL = """
class Model {
  constructor(values) { this.values = values; this.heard = {}; }
  get(name) { return this.values[name]; }
  set(name, value) {
    const views = [value].flat().some((each) => each instanceof DataView);
    if (!views && JSON.stringify(this.values[name]) === JSON.stringify(value)) return;
    this.values[name] = value;
    (this.heard["change:" + name] ?? []).forEach((each) => each());
  }
  save_changes() {}
  on(name, callback) { (this.heard[name] ??= []).push(callback); }
  off(name, callback) { this.heard[name] = this.heard[name].filter((each) => each !== callback); }
}
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)).buffer);
"""


_CODE = ("_esm", "_css")


def page_of(widget: anywidget.AnyWidget) -> str:
    """The page; `window.model` is the model, `bytes(text)` a view of base64, and what the script exports lies in `window`."""
    own = set(widget.traits(sync=True)) - set(anywidget.AnyWidget().traits(sync=True)) - {*_CODE}
    state = [f"{name}: {_value(getattr(widget, name))}" for name in sorted(own)]
    script = re.sub(r"export default \{ render \};", "window.render = render;", str(widget._esm))
    script = re.sub(r"export \{ (\w+) \};", r"window.\1 = \1;", script)
    return f"""<!doctype html><style>{widget._css}</style><div id="place"></div><script type="module">
{script}{_MODEL}
window.bytes = bytes;
window.model = new Model({{ {", ".join(state)} }});
window.stop = render({{ model, el: document.querySelector("#place") }});
</script>"""


def _value(value: object) -> str:
    """As JavaScript."""
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bytes):
        return f"bytes({json.dumps(base64.b64encode(value).decode())})"
    return json.dumps(value)
