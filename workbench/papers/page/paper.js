"use strict";
const { numbers, sounds } = JSON.parse(document.getElementById("data").textContent);
const uris = Object.fromEntries(Object.entries(sounds).map(([uri, name]) => [name, uri]));
const behind = document.getElementById("behind");
const heading = document.getElementById("behind-title");
const text = document.getElementById("behind-text");
let opener = null;

function add(tag, words, parent = text) {
  const made = document.createElement(tag);
  made.textContent = words;
  parent.append(made);
  return made;
}

function code(words) {
  const line = add("p", "");
  add("code", words, line);
}

function player(title, name) {
  add("p", title);
  const audio = document.createElement("audio");
  audio.controls = true;
  audio.src = uris[name];
  audio.setAttribute("aria-label", title);
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
  text.append(audio);
}

function show(element) {
  const number = numbers[element.dataset.number];
  if (opener) opener.removeAttribute("aria-pressed");
  opener = element;
  opener.setAttribute("aria-pressed", "true");
  text.replaceChildren();
  heading.textContent = number.title;
  add("p", number.text).className = "big";
  add("p", Object.entries(number.labels).map(([name, value]) => `${name}: ${value}`).join(", "));
  add("p", `From ${number.data}: ${number.origin}.`);
  const example = number.example;
  if (example) {
    add("p", `An example: ${example.caption}.`);
    if (example.events.length) {
      const list = document.createElement("ul");
      for (const event of example.events) add("li", event, list);
      text.append(list);
    }
    if (example.clean) player("As it should be", example.clean);
    if (example.sound) player("What it gave", example.sound);
    add("p", "The same again:");
    code(example.again);
  } else {
    for (const each of number.replay) code(each);
    if (!number.replay.length) add("p", "There is nothing to hear behind it.");
  }
  behind.hidden = false;
  heading.focus();
}

function close() {
  if (behind.hidden) return;
  for (const audio of text.querySelectorAll("audio")) audio.pause();
  behind.hidden = true;
  if (opener) {
    opener.removeAttribute("aria-pressed");
    opener.focus();
  }
}

for (const mark of document.querySelectorAll(".drawn svg [id]")) {
  if (!(mark.id in numbers)) continue;
  mark.dataset.number = mark.id;
  mark.removeAttribute("id");
  mark.setAttribute("tabindex", "0");
  mark.setAttribute("role", "button");
  mark.setAttribute("aria-label", `${numbers[mark.dataset.number].title}: ${numbers[mark.dataset.number].text}`);
  mark.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(mark);
    }
  });
}
document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-number]");
  if (element) show(element);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
document.getElementById("close").addEventListener("click", close);
