// Menus, dialogs, toasts: small behaviours on plain HTML. Everything here has a way without script.
const status = document.getElementById("toasts");

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  for (const open of document.querySelectorAll("details.menu[open]")) {
    if (!open.contains(target)) open.open = false;
  }
  const opener = target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.getAttribute("data-dialog"));
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  if (target.closest("[data-dismiss]")) target.closest(".toast-line")?.remove();
  if (target instanceof HTMLDialogElement) target.close(); // the backdrop
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest("details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary")?.focus();
  }
});

/** Toasts stay ten seconds, longer while the pointer or the focus is on them. */
function tend(line) {
  line.querySelector("[data-dismiss]")?.removeAttribute("hidden");
  let left = 10;
  const timer = setInterval(() => {
    if (!line.isConnected) clearInterval(timer);
    else if (!line.matches(":hover, :focus-within") && --left <= 0) line.remove();
  }, 1000);
}

if (status) {
  const lines = [...status.children];
  lines.forEach((line) => line.remove()); // put in again, so that a screen reader says it
  requestAnimationFrame(() => status.append(...lines));
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node instanceof HTMLElement) tend(node);
  }).observe(status, { childList: true });
}
