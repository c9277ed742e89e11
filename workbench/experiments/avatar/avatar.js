// Faces that follow blendshapes in step with a sound. Every `.face` holds its own track; one player moves them all.
"use strict";
{
  const RATE = 100;  // frames a second
  const SVG = "http://www.w3.org/2000/svg";

  function element(parent, name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  }

  // A head in a view box of 200 x 230; what moves is drawn anew by `draw`.
  function face(svg, id) {
    svg.setAttribute("viewBox", "0 0 200 230");
    element(svg, "path", { class: "hair", d: "M30 118C20 40 60 12 100 12s80 28 70 106c-4-22-9-40-20-52-30 10-72 8-100 0-11 12-16 30-20 52z" });
    for (const x of [27, 173]) element(svg, "ellipse", { class: "skin ear", cx: x, cy: 122, rx: 10, ry: 17 });
    const head = element(svg, "path", { class: "skin" });
    element(svg, "path", { class: "hair", d: "M34 100C34 52 66 30 100 30s66 22 66 70c-8-20-16-30-28-36-24 9-56 9-76 0-12 6-20 16-28 36z" });
    for (const x of [70, 130]) {
      element(svg, "path", { class: "brow", d: `M${x - 15} 87q15-9 30 0` });
      element(svg, "ellipse", { class: "white", cx: x, cy: 106, rx: 12, ry: 9 });
      element(svg, "circle", { class: "iris", cx: x, cy: 106, r: 6 });
      element(svg, "circle", { class: "glint", cx: x + 2.2, cy: 103.6, r: 1.8 });
    }
    const lids = [70, 130].map((x) => element(svg, "path", { class: "lid", "data-x": x }));
    element(svg, "path", { class: "nose", d: "M100 112c-3 12-7 20-7 24 0 4 14 4 14 0" });
    for (const x of [54, 146]) element(svg, "circle", { class: "cheek", cx: x, cy: 140, r: 12 });
    const lips = element(svg, "path", { class: "lips" });
    const clip = element(element(svg, "clipPath", { id }), "path", {});
    const inside = element(svg, "g", { "clip-path": `url(#${id})` });
    element(inside, "rect", { class: "mouth", x: 40, y: 130, width: 120, height: 90 });
    const tongue = element(inside, "ellipse", { class: "tongue", cx: 100 });
    const below = element(inside, "rect", { class: "teeth", rx: 3 });
    const above = element(inside, "rect", { class: "teeth", rx: 3 });
    const seam = element(svg, "path", { class: "seam" });
    const bite = element(svg, "rect", { class: "teeth bite", rx: 2 });

    return function draw([jaw, closed, round, wide, bitten], blink) {
      const open = Math.max(0, 34 * jaw * (1 - closed) + 5 * round * (1 - closed) - 9 * bitten);
      const half = 27 + 12 * wide - 13 * round - 4 * jaw;
      const drop = 12 * jaw;  // of the chin
      const y = 166 + 0.25 * drop, pout = 4 * round, thin = 1 - 0.6 * closed;
      const top = y - 0.3 * open, bottom = y + 0.7 * open;
      const upper = (7 + pout) * thin, lower = (9 + pout) * thin;
      const corner = y - 3.5 * wide + 1.5 * round;
      const l = 100 - half, r = 100 + half, inner = half - 4;
      head.setAttribute("d", `M34 104C32 160 48 ${202 + drop} 100 ${208 + drop}C152 ${202 + drop} 168 160 166 104C164 54 132 34 100 34S36 54 34 104z`);
      lips.setAttribute("d",
        `M${l} ${corner}C${l + half * .4} ${top - upper * 1.1} ${100 - 9} ${top - upper * 1.5} 100 ${top - upper}` +
        `C${100 + 9} ${top - upper * 1.5} ${r - half * .4} ${top - upper * 1.1} ${r} ${corner}` +
        `C${r - half * .35} ${bottom + lower * 1.25} ${100 + half * .3} ${bottom + lower * 1.3} 100 ${bottom + lower * 1.3}` +
        `C${100 - half * .3} ${bottom + lower * 1.3} ${l + half * .35} ${bottom + lower * 1.25} ${l} ${corner}z`);
      const gap =
        `M${100 - inner} ${corner}C${100 - inner * .5} ${top} ${100 - inner * .3} ${top} 100 ${top}` +
        `C${100 + inner * .3} ${top} ${100 + inner * .5} ${top} ${100 + inner} ${corner}` +
        `C${100 + inner * .6} ${bottom} ${100 + inner * .3} ${bottom} 100 ${bottom}` +
        `C${100 - inner * .3} ${bottom} ${100 - inner * .6} ${bottom} ${100 - inner} ${corner}z`;
      clip.setAttribute("d", gap);
      place(above, 100 - inner * .72, top - 3, inner * 1.44, 3 + Math.min(8, 4 + open * .2));
      place(below, 100 - inner * .55, bottom - 3, inner * 1.1, 6);
      tongue.setAttribute("cy", bottom + 3);
      tongue.setAttribute("rx", inner * .6);
      tongue.setAttribute("ry", Math.max(0, open * .34));
      // A closed mouth is a line; a pressed one a darker line.
      const shut = Math.max(0, 1 - open / 5);
      seam.setAttribute("d", `M${l + 2} ${corner}Q100 ${y + 1.5 + 2 * closed} ${r - 2} ${corner}`);
      seam.setAttribute("opacity", shut.toFixed(2));
      place(bite, 100 - half * .5, top - 1, half, 8);
      bite.setAttribute("opacity", Math.min(1, 1.4 * bitten).toFixed(2));
      for (const lid of lids) {
        const x = Number(lid.dataset.x), fall = 97 + 18 * blink;
        lid.setAttribute("d", `M${x - 13} 106C${x - 11} 93 ${x + 11} 93 ${x + 13} 106Q${x} ${fall} ${x - 13} 106z`);
      }
    };
  }

  function place(rect, x, y, width, height) {
    for (const [key, value] of Object.entries({ x, y, width, height })) rect.setAttribute(key, Math.max(0, value).toFixed(2));
  }

  // A blink every few seconds, the same in all faces.
  function blinking(seconds) {
    const phase = (seconds + 1.1) % 3.7;
    return phase < .16 ? Math.sin(Math.PI * phase / .16) : 0;
  }

  function tracks(node) {
    const bytes = Uint8Array.from(atob(node.dataset.track), (letter) => letter.charCodeAt(0));
    const shapes = Number(node.dataset.shapes);
    return { at: (frame) => Array.from(new Int8Array(bytes.buffer, frame * shapes, shapes), (code) => Math.min(1, Math.max(0, code / 127))), frames: bytes.length / shapes };
  }

  for (const [number, stage] of [...document.querySelectorAll(".avatar")].entries()) {
    const player = stage.querySelector("audio");
    const shown = [...stage.querySelectorAll(".face")].map((node, index) => ({
      node, track: tracks(node), draw: face(node.querySelector("svg"), `gap-${number}-${index}`),
      wrong: node.dataset.wrong, cursor: node.querySelector(".cursor"),
    }));
    const delay = Number(stage.dataset.delay);  // seconds by which faces come after the sound

    function show() {
      const seconds = player.currentTime;
      for (const { node, track, draw, wrong, cursor } of shown) {
        const frame = Math.min(track.frames - 1, Math.max(0, Math.round((seconds + delay) * RATE)));
        draw(track.at(frame), blinking(seconds));
        node.classList.toggle("off", wrong[frame] === "1");
        if (cursor) cursor.style.left = 100 * frame / track.frames + "%";
      }
      if (!player.paused) requestAnimationFrame(show);
    }
    for (const event of ["play", "seeked", "pause", "timeupdate"]) player.addEventListener(event, show);
    stage.addEventListener("click", (event) => {
      const strip = event.target.closest(".strip");
      if (!strip || !player.duration) return;
      const box = strip.getBoundingClientRect();
      player.currentTime = player.duration * (event.clientX - box.left) / box.width;
    });
    show();
  }
}
