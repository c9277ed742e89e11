// Marks of what happened over an axis of time; see timeline.py. A click or Enter asks for the sound from there.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 8;
const ROW = 74; // px: title, upsets, findings, wrong bits
const STEP_S = 0.1;

function draw(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "workbench-timeline";
  const svg = draw("svg", { tabindex: "0", role: "slider", "aria-label": "Time to listen from" });
  const told = document.createElement("div");
  told.setAttribute("role", "status");
  const key = document.createElement("div");
  key.className = "key";
  key.textContent =
    "Lines: upsets. Dots: found and healed. Crosses: found and not healed. Orange: wrong bits of the working copy. " +
    "Click to listen from there; arrows and Enter do the same.";
  root.append(svg, told, key);
  el.append(root);
  let aim = 0;

  const width = () => Math.max(svg.clientWidth - 2 * LEFT, 1);
  const x = (seconds) => LEFT + (seconds / model.get("seconds")) * width();

  function rowOf(row, number) {
    const top = number * ROW;
    const most = Math.max(1, ...row.wrong.map(([, bits]) => bits));
    const y = (bits) => top + ROW - 8 - (bits / most) * 20;
    let path = `M ${x(0)} ${y(0)}`;
    let before = 0;
    for (const [at, bits] of [...row.wrong, [model.get("seconds"), null]]) {
      path += ` L ${x(at)} ${y(before)}`;
      before = bits ?? before;
      path += ` L ${x(at)} ${y(bits ?? 0)}`;
    }
    const dot = ([at, healed, words]) => {
      const mark = healed
        ? draw("circle", { class: "healed", cx: x(at), cy: top + 33, r: 4 })
        : draw("path", { class: "unhealed", d: `M ${x(at) - 4} ${top + 29} l 8 8 m 0 -8 l -8 8` });
      mark.append(draw("title", {}, words));
      return mark;
    };
    const healed = row.found.filter(([, good]) => good).length;
    const more = row.left_out ? `; ${row.left_out} more are not drawn` : "";
    const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
    const title =
      `${row.title}: ${counted(row.upsets.length, "upset")}, ${healed} healed, ${row.found.length - healed} found and ` +
      `not healed, at most ${counted(row.wrong.length ? most : 0, "bit")} wrong${more}`;
    return draw(
      "g", { role: "img", "aria-label": title },
      draw("text", { x: LEFT, y: top + 14 }, title),
      ...row.upsets.map((at) => draw("line", { class: "upset", x1: x(at), x2: x(at), y1: top + 19, y2: top + 27 })),
      draw("path", { class: "wrong", d: `${path} Z` }), ...row.found.map(dot),
    );
  }

  function build() {
    const rows = model.get("rows");
    const high = rows.length * ROW + 18;
    svg.style.height = `${high}px`;
    const words = model.get("words").map(([at, word]) =>
      draw(
        "g", {}, draw("line", { class: "word", x1: x(at), x2: x(at), y1: 16, y2: high - 14 }),
        draw("text", { x: x(at) + 3, y: high - 3 }, word),
      ),
    );
    svg.replaceChildren(...words, ...rows.map(rowOf), draw("line", { class: "cursor", y1: 16, y2: high - 14 }));
    svg.setAttribute("aria-valuemin", "0");
    svg.setAttribute("aria-valuemax", model.get("seconds").toFixed(2));
    point(aim);
  }

  function point(seconds) {
    aim = Math.min(Math.max(seconds, 0), model.get("seconds"));
    const cursor = svg.querySelector(".cursor");
    cursor.setAttribute("x1", x(aim));
    cursor.setAttribute("x2", x(aim));
    svg.setAttribute("aria-valuenow", aim.toFixed(2));
    svg.setAttribute("aria-valuetext", `${aim.toFixed(2)} s`);
  }

  /** What was found last before a time, in words. */
  function tell(seconds) {
    const last = model.get("rows").map((row) => row.found.filter(([at]) => at <= seconds).at(-1));
    told.textContent = last.filter(Boolean).map(([, , words]) => words).join("; ");
  }

  function ask(seconds) {
    point(seconds);
    tell(aim);
    model.set("cue", [aim, (model.get("cue")[1] ?? 0) + 1]);
    model.save_changes();
  }

  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    ask(((event.clientX - box.left - LEFT) / width()) * model.get("seconds"));
  });
  svg.addEventListener("keydown", (event) => {
    const acts = {
      ArrowLeft: () => point(aim - STEP_S), ArrowRight: () => point(aim + STEP_S),
      Home: () => point(0), End: () => point(model.get("seconds")), Enter: () => ask(aim), " ": () => ask(aim),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    acts[event.key]();
    tell(aim);
    event.preventDefault();
    event.stopPropagation(); // of a notebook's own keys
  });
  const listened = { "change:rows": () => ((aim = 0), build()), "change:position_s": () => point(model.get("position_s")) };
  for (const [name, callback] of Object.entries(listened)) model.on(name, callback);
  const watcher = new ResizeObserver(build);
  watcher.observe(root);
  build();
  return () => {
    for (const [name, callback] of Object.entries(listened)) model.off(name, callback);
    watcher.disconnect();
  };
}

export default { render };
