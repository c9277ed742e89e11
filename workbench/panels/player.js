// Plays several sounds in step and lets one of them be heard; see player.py.
//
// All of them run at once, each behind a gain, so that switching is a fade of a few milliseconds at the same position.

const FADE_S = 0.006;
const TELL_MS = 250;
const SMALL_STEP_S = 0.05;
const LARGE_STEP_S = 0.5;
const CLICK_PX = 4; // a drag that is shorter is a click

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function samplesOf(view) {
  const floats = new Float32Array(view.byteLength / 2);
  for (let i = 0; i < floats.length; i++) floats[i] = view.getInt16(2 * i, true) / 32767;
  return floats;
}

/** The sounds as one machine: play, pause, seek, loop, which one is heard. */
class Deck {
  constructor() {
    this.tracks = []; // Float32Array each
    this.rate = 16000;
    this.position = 0; // s, while it does not play
    this.loop = null; // [begin, end] in s
    this.active = 0;
    this.running = null; // {sources, gains, since, from}
  }

  load(tracks, rate) {
    this.pause();
    this.tracks = tracks;
    this.rate = rate;
    this.position = 0;
    this.loop = null;
  }

  get duration() {
    return this.tracks.length ? this.tracks[0].length / this.rate : 0;
  }

  now() {
    if (!this.running) return this.position;
    // The sound begins a moment after `play`; until then nothing of it is over.
    const at = this.running.from + Math.max(this.context.currentTime - this.running.since, 0);
    if (!this.loop || at < this.loop[1]) return Math.min(at, this.duration);
    const [begin, end] = this.loop;
    return begin + ((at - begin) % (end - begin));
  }

  play() {
    if (this.running || !this.tracks.length) return;
    this.context ??= new AudioContext();
    this.context.resume();
    if (this.loop && (this.position < this.loop[0] || this.position >= this.loop[1]))
      this.position = this.loop[0];
    if (this.position >= this.duration) this.position = 0;
    const since = this.context.currentTime + 0.02;
    const parts = this.tracks.map((samples, number) => {
      const buffer = this.context.createBuffer(1, samples.length, this.rate);
      buffer.copyToChannel(samples, 0);
      const source = new AudioBufferSourceNode(this.context, { buffer });
      if (this.loop) {
        source.loop = true;
        [source.loopStart, source.loopEnd] = this.loop;
      }
      const gain = new GainNode(this.context, { gain: number === this.active ? 1 : 0 });
      source.connect(gain).connect(this.context.destination);
      source.start(since, this.position);
      return { source, gain };
    });
    this.running = { parts, since, from: this.position };
  }

  pause() {
    if (!this.running) return;
    this.position = this.now();
    for (const { source, gain } of this.running.parts) {
      source.stop();
      gain.disconnect();
    }
    this.running = null;
  }

  /** Change something while it plays or not, and go on. */
  anew(change) {
    const was = this.running !== null;
    this.pause();
    change();
    if (was) this.play();
  }

  hear(number) {
    this.active = number;
    if (!this.running) return;
    const at = this.context.currentTime;
    this.running.parts.forEach(({ gain }, each) => {
      gain.gain.cancelScheduledValues(at);
      gain.gain.setValueAtTime(gain.gain.value, at);
      gain.gain.linearRampToValueAtTime(each === number ? 1 : 0, at + FADE_S);
    });
  }

  close() {
    this.pause();
    this.context?.close();
  }
}

const seconds = (value) => `${value.toFixed(2)} s`;

function render({ model, el }) {
  const deck = new Deck();
  const play = element("button", { type: "button", class: "play" });
  const loopOff = element("button", { type: "button", class: "loop-off" }, "No loop");
  const difference = element("button", { type: "button", class: "difference" }, "Difference");
  const time = element("span", { class: "time" });
  const keys = element(
    "span", { class: "keys" },
    "Space plays, 1 to 9 switch, arrows move, drag over a picture or [ and ] mark a loop, L ends it",
  );
  const tracks = element("div", { class: "tracks", role: "radiogroup", "aria-label": "What is heard" });
  const root = element(
    "div", { class: "workbench-player", role: "group", "aria-label": "Player of sounds", tabindex: "-1" },
    element("div", { class: "bar" }, play, loopOff, difference, time, keys), tracks,
  );
  el.append(root);
  let rows = [];
  let told = 0;
  let frame = 0;

  function tell(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  }

  function seek(position) {
    const to = Math.min(Math.max(position, 0), deck.duration);
    deck.anew(() => (deck.position = to));
    tell({ position_s: to });
    draw();
  }

  function setLoop(stretch) {
    deck.anew(() => (deck.loop = stretch));
    tell({ loop_s: stretch ?? [] });
    draw();
  }

  function toggle() {
    if (deck.running) {
      deck.pause();
      tell({ position_s: deck.position });
    } else deck.play();
    draw();
  }

  /** Sounds as long as those before them go on where these were: what is heard changes while it loops. */
  function build() {
    const titles = model.get("titles");
    const before = { at: deck.now(), long: deck.duration, loop: deck.loop, playing: deck.running !== null };
    deck.load(model.get("_pcm").map(samplesOf), model.get("sample_rate_hz"));
    deck.active = model.get("active");
    if (before.long && deck.duration === before.long) {
      deck.position = before.at;
      deck.loop = before.loop;
      if (before.playing) deck.play();
    }
    rows = titles.map((title, number) => {
      const name = element("button", { type: "button", class: "name", role: "radio" }, `${number + 1}  ${title}`);
      const image = element("img", { alt: "" });
      const loop = element("div", { class: "loop" });
      const cursor = element("div", { class: "cursor" });
      const picture = element(
        "div",
        {
          class: "picture", role: "slider", tabindex: "0", "aria-valuemin": "0",
          "aria-valuemax": deck.duration.toFixed(2), "aria-label": `Position in ${title}`,
        },
        image, loop, cursor,
      );
      name.addEventListener("click", () => tell({ active: number }));
      marks(picture);
      return { name, picture, image, loop, cursor };
    });
    tracks.replaceChildren(...rows.flatMap(({ name, picture }) => [name, picture]));
    paint();
    draw();
  }

  /** A click on a picture seeks, a drag marks a loop. */
  function marks(picture) {
    let from = null;
    const at = (event) => {
      const box = picture.getBoundingClientRect();
      return (Math.min(Math.max(event.clientX - box.left, 0), box.width) / box.width) * deck.duration;
    };
    picture.addEventListener("pointerdown", (event) => {
      picture.setPointerCapture(event.pointerId);
      from = { x: event.clientX, at: at(event) };
    });
    picture.addEventListener("pointerup", (event) => {
      if (!from) return;
      const ends = [from.at, at(event)].sort((left, right) => left - right);
      if (Math.abs(event.clientX - from.x) < CLICK_PX) seek(from.at);
      else setLoop(ends);
      from = null;
    });
    picture.addEventListener("pointercancel", () => (from = null));
  }

  function paint() {
    const shown = model.get("difference");
    const pictures = model.get("_pictures");
    const differences = model.get("_differences");
    const first = model.get("titles")[0];
    rows.forEach(({ image, picture }, number) => {
      const differs = shown && number > 0;
      image.src = differs ? differences[number] : pictures[number];
      const title = model.get("titles")[number];
      image.alt = differs ? `Spectrum of ${title} less that of ${first}` : `Spectrogram of ${title}`;
      picture.classList.toggle("differs", differs);
    });
    difference.disabled = rows.length < 2;
    difference.setAttribute("aria-pressed", String(shown));
    difference.textContent = shown ? "Spectrograms" : `Difference to ${first ?? "the first"}`;
  }

  function draw() {
    const position = deck.now();
    const share = (value) => `${(100 * value) / (deck.duration || 1)}%`;
    rows.forEach(({ name, picture, loop, cursor }, number) => {
      const heard = number === deck.active;
      name.setAttribute("aria-checked", String(heard));
      name.tabIndex = heard ? 0 : -1;
      picture.classList.toggle("heard", heard);
      picture.setAttribute("aria-valuenow", position.toFixed(2));
      picture.setAttribute("aria-valuetext", seconds(position));
      cursor.style.left = share(position);
      loop.hidden = !deck.loop;
      if (deck.loop) {
        loop.style.left = share(deck.loop[0]);
        loop.style.width = share(deck.loop[1] - deck.loop[0]);
      }
    });
    play.textContent = deck.running ? "Pause" : "Play";
    play.disabled = !rows.length;
    loopOff.disabled = !deck.loop;
    time.textContent = `${position.toFixed(2)} of ${seconds(deck.duration)}`;
    cancelAnimationFrame(frame);
    if (!deck.running) return;
    if (position >= deck.duration && !deck.loop) {
      deck.pause();
      tell({ position_s: deck.duration });
      draw();
      return;
    }
    if (performance.now() - told > TELL_MS) {
      told = performance.now();
      tell({ position_s: position });
    }
    frame = requestAnimationFrame(draw);
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? LARGE_STEP_S : SMALL_STEP_S;
    const number = Number(event.key) - 1;
    const count = rows.length;
    const inNames = event.target.classList.contains("name");
    const acts = {
      " ": toggle,
      ArrowLeft: () => seek(deck.now() - step),
      ArrowRight: () => seek(deck.now() + step),
      ArrowUp: () => tell({ active: (deck.active + count - 1) % count }),
      ArrowDown: () => tell({ active: (deck.active + 1) % count }),
      Home: () => seek(0),
      End: () => seek(deck.duration),
      "[": () => setLoop([deck.now(), deck.loop?.[1] > deck.now() ? deck.loop[1] : deck.duration]),
      "]": () => deck.now() > 0 && setLoop([deck.loop?.[0] < deck.now() ? deck.loop[0] : 0, deck.now()]),
      l: () => setLoop(null),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (count && number >= 0 && number < count) tell({ active: number });
    else if (count && act) act();
    else return;
    if (inNames) rows[deck.active].name.focus();
    event.preventDefault();
    event.stopPropagation(); // of a notebook's own keys
  }

  play.addEventListener("click", toggle);
  loopOff.addEventListener("click", () => setLoop(null));
  difference.addEventListener("click", () => tell({ difference: !model.get("difference") }));
  root.addEventListener("keydown", key);
  root.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
  const listened = {
    "change:_pcm": build,
    "change:difference": paint,
    "change:active": () => {
      deck.hear(model.get("active"));
      draw();
    },
    "change:_cue": () => {
      deck.anew(() => (deck.position = Math.min(Math.max(model.get("_cue")[0], 0), deck.duration)));
      deck.play();
      draw();
    },
    "change:loop_s": () => {
      const asked = model.get("loop_s");
      const stretch = asked.length === 2 ? asked : null;
      if (String(stretch) === String(deck.loop)) return;
      deck.anew(() => (deck.loop = stretch));
      draw();
    },
    "change:position_s": () => {
      if (deck.running || model.get("position_s") === deck.position) return;
      deck.position = model.get("position_s");
      draw();
    },
  };
  for (const [name, callback] of Object.entries(listened)) model.on(name, callback);
  build();
  return () => {
    for (const [name, callback] of Object.entries(listened)) model.off(name, callback);
    cancelAnimationFrame(frame);
    deck.close();
  };
}

export { Deck };
export default { render };
