// Opens what the address points at: browsers scroll to a closed <details>, and leave it closed.

function unfold() {
  const found = location.hash && document.getElementById(location.hash.slice(1));
  if (found instanceof HTMLDetailsElement) {
    found.open = true;
    found.scrollIntoView();
  }
}

addEventListener("hashchange", unfold);
unfold();
