// Adds the lines of a log as they are written, and keeps to its end unless somebody has scrolled away from it.
import { follow } from "./visible.js";

const MOST = 2000;
const list = document.querySelector("[data-log]");
const state = document.querySelector("[data-log-state]");
const { log: id, type, text } = list.dataset;

const words = (message) => {
  if (type !== "access") return [message, false];
  try {
    const said = JSON.parse(message);
    const sizes = `${said.bytesIn} → ${said.bytesOut} bytes`;
    const times = `${said.milliseconds.toFixed(2)} ms  waited ${said.queueMilliseconds.toFixed(2)} ms`;
    const where = `replica ${said.replica || "none"}  request ${said.requestId}`;
    return [`${said.status}  ${times}  ${sizes}  /${said.path.split("/").pop()}  ${where}`, said.status >= 400];
  } catch {
    return [message, false];
  }
};

const element = (name, content) => {
  const made = document.createElement(name);
  made.textContent = content; // never as markup: a model writes what it likes
  return made;
};

const item = (line) => {
  const [said, failed] = words(line.message);
  const when = element("time", line.time ? line.time.slice(11, 23) : "");
  if (line.time) when.dateTime = line.time;
  const message = element("span", said);
  if (failed) message.className = "failed";
  const made = document.createElement("li");
  made.append(when, message);
  return made;
};

// The stream begins with the last lines, so nothing is missing that was written since the page was made.
let begun = false;
let waiting = [];

const draw = () => {
  const atEnd = !begun || list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const fresh = waiting.filter((line) => !text || line.message.toLowerCase().includes(text.toLowerCase())).map(item);
  waiting = [];
  if (!begun && fresh.length) list.replaceChildren();
  begun = true;
  list.append(...fresh);
  list.hidden = !list.childElementCount;
  while (list.childElementCount > MOST) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  if (fresh.length) document.querySelector("[data-log-empty]")?.remove();
};

const add = (line) => {
  if (!waiting.length) setTimeout(draw, 50);
  waiting.push(line);
};

list.scrollTop = list.scrollHeight;
follow(
  `/console/api/openads/v1/deployments/${id}/logs/stream?type=${type}&limit=${text ? 1000 : 200}`,
  (event) => add(JSON.parse(event.data)),
  (open) => { state.textContent = open ? "live" : "connecting"; state.className = open ? "pill good" : "pill moving"; },
);
