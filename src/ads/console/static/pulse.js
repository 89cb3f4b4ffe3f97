// Draws charts anew when requests were answered: each line of the access log says so. Where many deployments are shown,
// every so many seconds instead (data-pulse-every on <main>'s first element).
import { refresh } from "./live.js";
import { follow } from "./visible.js";

const SOON = 700;
const SETTLED = 4500; // the gateway writes its minutes down every two seconds
const root = document.querySelector("[data-pulse], [data-pulse-every]");
let soon = 0;
let settled = 0;

const answered = () => {
  soon ||= setTimeout(() => { soon = 0; refresh(); }, SOON);
  clearTimeout(settled);
  settled = setTimeout(refresh, SETTLED);
};

if (root?.dataset.pulse) {
  settled = setTimeout(refresh, SETTLED); // what was answered just before
  follow(`/console/api/openads/v1/deployments/${root.dataset.pulse}/logs/stream?type=access`, answered);
} else if (root) {
  setInterval(() => { if (!document.hidden) refresh(); }, Number(root.dataset.pulseEvery) * 1000);
}
