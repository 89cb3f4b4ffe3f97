// Keys: "/" finds a model, "g" and a letter goes to a page, "?" shows the help. Never while somebody types.
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
let going = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector(".find input")?.focus();
  } else if (event.key === "g") {
    going = true;
    setTimeout(() => { going = false; }, 1500);
    return;
  } else if (link && (going || event.key === "?")) {
    event.preventDefault();
    link.click();
  }
  going = false;
});
