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

// A link to an explanation opens as a sheet over the page.
document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-sheet]") : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const go = () => location.assign(link.href);
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("#main > .container");
    if (!answer.ok || !content) return go();
    const sheet = document.createElement("dialog");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-sm sheet-close";
    close.textContent = document.body.dataset.close ?? "";
    close.addEventListener("click", () => sheet.close());
    sheet.append(close, ...content.childNodes);
    sheet.setAttribute("aria-label", link.textContent?.trim() ?? "");
    sheet.addEventListener("close", () => {
      sheet.remove();
      link.focus();
    });
    document.body.append(sheet);
    sheet.showModal();
  } catch {
    go();
  }
});
