// Shows the copy buttons, which do nothing without scripts, and copies the text beside them.
const said = (button, word) => {
  const before = button.textContent;
  button.textContent = word;
  setTimeout(() => { button.textContent = before; }, 1500);
};

const select = (element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    said(button, "Copied");
  } catch {
    select(source); // no clipboard without HTTPS: the text is selected instead
    said(button, "Selected");
  }
});

export const show = (root) => root.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
show(document);
