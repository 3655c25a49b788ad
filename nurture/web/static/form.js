// Forms: focus on what is wrong, no second submit, no lost text, network loss said aloud.
const alertRegion = document.getElementById("alert");

function focusFinding(root) {
  root.querySelector("[data-focus]")?.focus();
}
focusFinding(document);
document.addEventListener("htmx:afterSettle", () => focusFinding(document));

function complain() {
  if (!alertRegion) return;
  const box = document.createElement("div");
  box.className = "notice bad";
  box.textContent = document.body.dataset.lost ?? "";
  alertRegion.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}
// Our own error answers say where they go; any other (a proxy's) leaves the page as it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
});
document.addEventListener("htmx:responseError", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Retarget")) complain();
});
document.addEventListener("htmx:sendError", complain);
document.addEventListener("htmx:timeout", complain);

document.addEventListener("htmx:beforeRequest", () => alertRegion?.replaceChildren());

let dirty = null;
document.addEventListener("input", (event) => {
  const form = event.target instanceof Element ? event.target.closest("form[data-guard]") : null;
  if (form) dirty = form;
});
document.addEventListener("submit", (event) => {
  dirty = null;
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
window.addEventListener("beforeunload", (event) => {
  if (dirty?.isConnected) event.preventDefault();
});
