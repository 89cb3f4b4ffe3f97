// Keeps a stream of server-sent events open only while its page is seen: browsers allow few connections to one host.
export const follow = (address, onMessage, onState = () => {}) => {
  let source = null;
  let last = "";
  const open = () => {
    if (source || document.hidden) return;
    const after = last ? `${address.includes("?") ? "&" : "?"}after=${encodeURIComponent(last)}` : "";
    source = new EventSource(last ? address.replace(/&limit=\d+/, "") + after : address);
    source.onopen = () => onState(true);
    source.onerror = () => onState(false);
    source.onmessage = (event) => { last = event.lastEventId || last; onMessage(event); };
  };
  const close = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => { document.hidden ? close() : open(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
};
