// A grid of the bits of one tensor; see bit_grid.py. Their picture (bits.js) is painted once, a pixel a bit, and scaled.

const DIGITS_PX = 11; // cells from this size on show 0 or 1
const LINES_PX = 5; // and from this one lines between elements
const LARGEST_PX = 40;
const CLICK_PX = 4; // a drag that is shorter is a click
const FLIPPED = "#d55e00";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const canvas = element("canvas", { tabindex: "0", role: "application", class: "cells" });
  const button = (label, text) => element("button", { type: "button", "aria-label": label, title: label }, text);
  const [closer, wider, whole] = [button("Closer", "+"), button("Wider", "−"), button("The whole tensor", "Fit")];
  const told = element("div", { class: "told", role: "status" });
  const scale = element("div", { class: "scale", "aria-hidden": "true" });
  const keys = element(
    "span", { class: "keys" },
    "A click or Enter flips, arrows move (Shift: by an element), + and − zoom, 0 fits, dragging moves the picture",
  );
  const root = element(
    "div", { class: "workbench-bits", role: "group" },
    element("div", { class: "bar" }, closer, wider, whole, scale, keys), canvas, told,
  );
  el.append(root);
  const pen = canvas.getContext("2d");
  let bits = new Bits(model);
  let picture = null;
  let seen = false;
  let view = null; // {size: px a cell, x, y: of the first cell}

  const dark = () => {
    const rgb = getComputedStyle(root).color.match(/\d+/g).map(Number);
    return rgb[0] + rgb[1] + rgb[2] > 384;
  };

  function fit() {
    const size = Math.min(canvas.clientWidth / bits.columns, canvas.clientHeight / bits.rows, LARGEST_PX);
    view = { size, x: (canvas.clientWidth - size * bits.columns) / 2, y: 0 };
  }

  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const least = Math.min(canvas.clientWidth / bits.columns, canvas.clientHeight / bits.rows, LARGEST_PX);
    const size = Math.min(Math.max(view.size * factor, least), LARGEST_PX);
    view = { size, x: x - ((x - view.x) * size) / view.size, y: y - ((y - view.y) * size) / view.size };
    draw();
  }

  function reach(bit) {
    const { row, column } = bits.cell(bit);
    const size = Math.max(view.size, DIGITS_PX + 5);
    if (size !== view.size) zoom(size / view.size);
    const [x, y] = [view.x + column * size, view.y + row * size];
    view.x += Math.max(0, -x) - Math.max(0, x + size - canvas.clientWidth);
    view.y += Math.max(0, -y) - Math.max(0, y + size - canvas.clientHeight);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !bits.count) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    if (!view) fit();
    picture ??= bits.painted(dark());
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.imageSmoothingEnabled = view.size < 1;
    const { size, x, y } = view;
    pen.drawImage(picture, x, y, size * bits.columns, size * bits.rows);
    const first = { row: Math.max(0, Math.floor(-y / size)), column: Math.max(0, Math.floor(-x / size)) };
    const last = {
      row: Math.min(bits.rows, Math.ceil((height - y) / size)),
      column: Math.min(bits.columns, Math.ceil((width - x) / size)),
    };
    if (size >= LINES_PX) {
      pen.fillStyle = getComputedStyle(root).backgroundColor;
      for (let column = first.column; column < last.column; column++)
        if (column % bits.width === 0) pen.fillRect(x + column * size - 1, y, 2, size * bits.rows);
      for (let row = first.row; row < last.row; row++) pen.fillRect(x, y + row * size, size * bits.columns, 1);
    }
    if (size >= DIGITS_PX) digits(first, last);
    marks();
  }

  function digits(first, last) {
    const { size, x, y } = view;
    pen.font = `${Math.min(size - 2, 14)}px monospace`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let row = first.row; row < last.row; row++)
      for (let column = first.column; column < last.column; column++) {
        const bit = bits.at(row, column);
        if (bit < 0) continue;
        const set = bits.wasSet(bit) ^ (bits.flipped.has(bit) ? 1 : 0);
        const known = bits.harm && bits.harm[bit] !== UNKNOWN;
        const light = known ? bits.harm[bit] > 140 : dark() === Boolean(set);
        pen.fillStyle = light ? "#000" : "#fff";
        if (!known && !dark()) pen.fillStyle = "#000";
        pen.fillText(String(set), x + (column + 0.5) * size, y + (row + 0.5) * size + 1);
      }
  }

  /** A frame with a cross for flipped bits, never too small to be seen, and a ring for the cursor. */
  function marks() {
    const { size, x, y } = view;
    const side = Math.max(size, 7);
    pen.lineWidth = 2;
    for (const bit of bits.flipped) {
      const { row, column } = bits.cell(bit);
      const left = x + (column + 0.5) * size - side / 2;
      const top = y + (row + 0.5) * size - side / 2;
      pen.strokeStyle = "#fff";
      pen.strokeRect(left - 1, top - 1, side + 2, side + 2);
      pen.strokeStyle = FLIPPED;
      pen.strokeRect(left, top, side, side);
      pen.beginPath();
      pen.moveTo(left, top);
      pen.lineTo(left + side / 3, top + side / 3);
      pen.moveTo(left + side, top);
      pen.lineTo(left + (2 * side) / 3, top + side / 3);
      pen.stroke();
    }
    const chosen = model.get("chosen");
    if (chosen < 0) return;
    const { row, column } = bits.cell(chosen);
    pen.strokeStyle = "#0072b2";
    pen.lineWidth = 3;
    pen.strokeRect(x + column * size - 1, y + row * size - 1, size + 2, size + 2);
  }

  function tell(bit) {
    told.textContent = bit < 0 ? "No bit under the pointer" : bits.describe(model.get("name"), bit);
  }

  /** The cursor goes to a bit; in sight: of a click, which saw it. */
  function choose(bit, inSight = false) {
    seen = inSight;
    model.set("chosen", bit);
    model.save_changes();
    seen = false;
  }

  function flip(bit) {
    const flipped = new Set(bits.flipped);
    if (!flipped.delete(bit)) flipped.add(bit);
    model.set("flipped", [...flipped].sort((left, right) => left - right));
    model.save_changes();
  }

  function cellAt(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, bit: bits.at(Math.floor((y - view.y) / view.size), Math.floor((x - view.x) / view.size)) };
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, view: { ...view }, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    tell(cellAt(event).bit);
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.moved ||= Math.hypot(dx, dy) >= CLICK_PX;
    if (drag.moved) view = { ...drag.view, x: drag.view.x + dx, y: drag.view.y + dy };
    if (drag.moved) draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const { bit } = cellAt(event);
    if (drag && !drag.moved && bit >= 0) {
      choose(bit, true);
      flip(bit);
    }
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => (drag = null));
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return; // the page scrolls
    event.preventDefault();
    const { x, y } = cellAt(event);
    zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y);
  }, { passive: false });

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(model.get("chosen"), 0);
    const { row, column } = bits.cell(at);
    const far = event.shiftKey ? bits.width : 1;
    const moved = (down, right) => {
      const bit = bits.at(row + down, column + right);
      if (bit >= 0) choose(bit);
    };
    const acts = {
      ArrowLeft: () => moved(0, -far), ArrowRight: () => moved(0, far),
      ArrowUp: () => moved(event.shiftKey ? -8 : -1, 0), ArrowDown: () => moved(event.shiftKey ? 8 : 1, 0),
      Enter: () => flip(at), " ": () => flip(at),
      "+": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => (fit(), draw()),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    event.stopPropagation(); // of a notebook's own keys
  }
  canvas.addEventListener("keydown", key);
  closer.addEventListener("click", () => zoom(1.5));
  wider.addEventListener("click", () => zoom(1 / 1.5));
  whole.addEventListener("click", () => (fit(), draw()));

  function renew() {
    const before = `${model.get("name")} ${bits.columns} ${bits.rows}`;
    bits = new Bits(model);
    picture = null;
    if (root.dataset.shown !== model.get("name") || before !== `${model.get("name")} ${bits.columns} ${bits.rows}`)
      view = null;
    root.dataset.shown = model.get("name");
    canvas.setAttribute("aria-label", `Bits of ${model.get("name")}, ${bits.rows} rows of ${bits.columns}`);
    scale.hidden = !bits.harm;
    explain(scale, "harm alone");
    draw();
  }

  const listened = {
    "change:_clean": renew,
    "change:name": renew,
    "change:_harm": renew,
    "change:flipped": () => {
      renew();
      if (model.get("chosen") >= 0) tell(model.get("chosen"));
    },
    "change:chosen": () => {
      const bit = model.get("chosen");
      if (bit >= 0 && !seen) reach(bit);
      draw();
      if (bit >= 0) tell(bit);
    },
  };
  for (const [name, callback] of Object.entries(listened)) model.on(name, callback);
  const watcher = new ResizeObserver(() => ((view = null), draw()));
  watcher.observe(canvas);
  renew();
  return () => {
    for (const [name, callback] of Object.entries(listened)) model.off(name, callback);
    watcher.disconnect();
  };
}

export default { render };
