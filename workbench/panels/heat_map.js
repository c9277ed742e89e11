// Cells coloured by harm; see heat_map.py, and bits.js in front of this for the colours.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const grid = element("div", { role: "grid", "aria-label": "Harm by tensor and bit" });
  const told = element("div", { class: "told", role: "status" });
  const scale = element("div", { class: "scale" });
  explain(scale, "Mean harm of the bits that were tried");
  scale.append(element("span", {}, "A click on a cell flips its worst bit in the grid below."));
  el.append(element("div", { class: "workbench-heat" }, scale, grid, told));
  let cells = []; // rows of elements
  let at = [0, 0];

  function choose(row, column) {
    if (model.get("_codes")[row][column] < 0) return;
    model.set("chosen", [row, column]);
    model.save_changes();
  }

  function focus(row, column) {
    at = [Math.min(Math.max(row, 0), cells.length - 1), Math.min(Math.max(column, 0), cells[0].length - 1)];
    cells.flat().forEach((cell) => (cell.tabIndex = -1));
    const cell = cells[at[0]][at[1]];
    cell.tabIndex = 0;
    cell.focus();
  }

  function build() {
    const columns = model.get("columns");
    grid.style.gridTemplateColumns = `max-content repeat(${columns.length}, minmax(0.7rem, 1fr))`;
    const head = element(
      "div", { role: "row" }, element("span", { role: "columnheader" }, "bit"),
      ...columns.map((name) => element("span", { role: "columnheader" }, name)),
    );
    cells = model.get("_codes").map((codes, row) =>
      codes.map((code, column) => {
        const words = model.get("_told")[row][column];
        const cell = element("div", { role: "gridcell", tabindex: "-1", "aria-label": words, title: words });
        if (code < 0) cell.classList.add("nothing");
        else cell.style.background = `rgb(${cividis(code / 254).join(" ")})`;
        cell.addEventListener("click", () => choose(row, column));
        cell.addEventListener("focus", () => ((told.textContent = words), (at = [row, column])));
        cell.addEventListener("pointerenter", () => (told.textContent = words));
        return cell;
      }),
    );
    const lines = cells.map((line, row) =>
      element("div", { role: "row" }, element("span", { role: "rowheader" }, model.get("rows")[row]), ...line),
    );
    grid.replaceChildren(head, ...lines);
    if (cells.length) cells[0][0].tabIndex = 0;
    mark();
  }

  function mark() {
    const [row, column] = model.get("chosen");
    cells.forEach((line, r) =>
      line.forEach((cell, c) => cell.setAttribute("aria-selected", String(r === row && c === column))),
    );
  }

  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !cells.length) return;
    const [row, column] = at;
    const acts = {
      ArrowLeft: () => focus(row, column - 1), ArrowRight: () => focus(row, column + 1),
      ArrowUp: () => focus(row - 1, column), ArrowDown: () => focus(row + 1, column),
      Enter: () => choose(row, column), " ": () => choose(row, column),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    event.stopPropagation(); // of a notebook's own keys
  });
  const listened = { "change:_codes": build, "change:_told": build, "change:chosen": mark };
  for (const [name, callback] of Object.entries(listened)) model.on(name, callback);
  build();
  return () => {
    for (const [name, callback] of Object.entries(listened)) model.off(name, callback);
  };
}

export default { render };
