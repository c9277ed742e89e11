// What makes listening pleasanter; without it every player still plays.
"use strict";
{
  const players = [...document.querySelectorAll("audio")];
  const chart = document.querySelector("svg.timeline");
  const playhead = chart.querySelector(".playhead");
  const left = Number(chart.dataset.left), right = Number(chart.dataset.right);

  function start(player) {
    return player.play().then(() => true, () => false);  // false: stopped before it began
  }

  function follow(player) {
    const share = player.duration ? player.currentTime / player.duration : 0;
    const cursor = player.closest(".card").querySelector(".cursor");
    if (cursor) cursor.style.left = 100 * share + "%";
    if (player.dataset.group === "timeline") {
      playhead.setAttribute("x1", left + (right - left) * share);
      playhead.setAttribute("x2", left + (right - left) * share);
      chart.classList.add("live");
    }
    if (!player.paused) requestAnimationFrame(() => follow(player));
  }

  for (const player of players) {
    const card = player.closest(".card");
    player.addEventListener("play", () => {
      for (const other of players) if (other !== player) other.pause();
      card.classList.add("playing");
      follow(player);
    });
    player.addEventListener("pause", () => card.classList.remove("playing"));
    player.addEventListener("ended", () => card.classList.remove("playing"));
    player.addEventListener("seeked", () => follow(player));
  }

  // A click into the timeline plays from there, in the timeline player that was used last.
  let current = document.getElementById("audio-life-none");
  for (const player of players)
    if (player.dataset.group === "timeline")
      player.addEventListener("play", () => { current = player; });
  document.querySelector(".hint").hidden = false;
  chart.addEventListener("click", (event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * chart.viewBox.baseVal.width;
    const share = Math.min(Math.max((x - left) / (right - left), 0), 1);
    current.currentTime = share * current.duration;
    start(current);
  });

  // The story: some sounds one after the other.
  const chapters = ["quantised", "flipped_10", "flipped_100", "flipped_1000", "healed"]
    .map((key) => document.getElementById("audio-" + key)).filter(Boolean);
  const button = document.getElementById("story-button");
  const now = document.getElementById("story-now");
  button.parentElement.hidden = false;
  let telling = 0;  // number of the story being told; a newer one ends an older one

  async function tell(player) {
    player.currentTime = 0;
    now.textContent = player.closest(".card").querySelector("h3").textContent;
    const over = new Promise((done) => {
      for (const event of ["ended", "pause"]) player.addEventListener(event, done, { once: true });
    });
    if (!await start(player)) return false;
    await over;
    await new Promise((done) => setTimeout(done, 350));
    return player.ended;
  }

  button.addEventListener("click", async () => {
    const mine = ++telling;
    for (const player of players) player.pause();
    if (button.dataset.on) return stop();
    button.dataset.on = "yes";
    button.textContent = "■ Stop";
    for (const player of chapters) if (mine !== telling || !await tell(player)) break;
    if (mine === telling) stop();
  });

  function stop() {
    delete button.dataset.on;
    button.textContent = "▶ Play the story";
    now.textContent = "";
  }
}
