// The code of what a panel shows, folded away, with a button that copies it; see snippet.py.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const code = element("code");
  const copy = element("button", { type: "button" }, "Copy");
  const said = element("span", { role: "status" });
  el.append(
    element(
      "details", { class: "workbench-snippet" },
      element("summary", {}, "The same as code"), copy, said, element("pre", { tabindex: "0" }, code),
    ),
  );

  function draw() {
    code.textContent = model.get("code");
    said.textContent = "";
  }

  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.get("code"));
      said.textContent = "copied";
    } catch {
      // Pages without https may not write there: the text is marked, to be copied by hand.
      getSelection().selectAllChildren(code);
      said.textContent = "marked: copy it with Ctrl+C";
    }
  });
  model.on("change:code", draw);
  draw();
  return () => model.off("change:code", draw);
}

export default { render };
