// Replaces the elements marked data-live by those of a fresh page, whenever the service says that something changed.
// data-live-of on <main> or any element limits it to the changes of one resource.
import { show } from "./copy.js";
import { follow } from "./visible.js";

const QUIET = 250;
const only = document.querySelector("[data-live-of]")?.dataset.liveOf;
let timer = 0;

export const refresh = async () => {
  timer = 0;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const found = fresh.getElementById(old.id);
    const busy = old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    if (!found || busy || found.outerHTML === old.outerHTML) continue;
    const open = [...old.querySelectorAll("details[open][id]")].map((part) => part.id);
    old.replaceWith(found);
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    show(found);
    document.dispatchEvent(new CustomEvent("live", { detail: found }));
  }
};

const changed = () => { timer ||= setTimeout(refresh, QUIET); };

if (document.querySelector("[data-live]")) {
  const query = only ? `?resourceId=${encodeURIComponent(only)}` : "";
  // Once when the stream is there, too: something may have changed since the page was made.
  follow(`/console/api/openads/v1/events/stream${query}`, changed, (open) => { if (open) changed(); });
}
