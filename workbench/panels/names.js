// Names for the handles of sliders: ipywidgets draws a label beside them that belongs to no element, and a
// slider over a list tells its position in the list where it should tell the value.
"use strict";
(() => {
  if (window.workbenchNames) return;

  function set(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  function name() {
    for (const slider of document.querySelectorAll(".workbench-panel .widget-slider")) {
      const label = slider.querySelector(".widget-label");
      const readout = slider.querySelector(".widget-readout");
      for (const handle of slider.querySelectorAll(".noUi-handle")) {
        if (label) set(handle, "aria-label", label.textContent);
        if (readout) set(handle, "aria-valuetext", readout.textContent);
      }
      if (label && readout && readout.isContentEditable) {
        set(readout, "role", "textbox");
        set(readout, "aria-label", label.textContent + ", as a number");
      }
    }
    for (const panel of document.querySelectorAll(".workbench-panel"))
      set(panel, "aria-busy", String(panel.querySelector(".workbench-busy") !== null));
  }

  window.workbenchNames = new MutationObserver(name);
  window.workbenchNames.observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-valuetext"],
  });
  name();
})();
