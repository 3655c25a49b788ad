// Keyboard: g and a letter goes to a place, / searches, j k x walk and pick rows, ? shows the list.
const OFF = "nurture-single-keys-off";
let waiting = 0;
let row = -1;

function writing(target) {
  return target instanceof Element && (target.closest("input, textarea, select, [contenteditable]") !== null || document.querySelector("dialog[open]") !== null);
}

function walk(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  row = Math.min(rows.length - 1, Math.max(0, row + step));
  rows[row].querySelector("td.name a, a")?.focus();
}

const actions = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
  c: () => document.querySelector("[data-create]")?.click(),
  j: () => walk(1),
  k: () => walk(-1),
  x: () => document.activeElement?.closest("[data-row]")?.querySelector("input[type=checkbox]")?.click(),
  g: () => {
    waiting = Date.now() + 1500;
  },
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  if (localStorage.getItem(OFF) && event.key !== "?") return;
  const place = waiting > Date.now() && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  waiting = 0;
  const act = place ? () => place.click() : actions[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const onOff = document.getElementById("keys-on");
if (onOff) {
  onOff.checked = !localStorage.getItem(OFF);
  onOff.addEventListener("change", () => {
    if (onOff.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}

// Rows picked for a bulk action: the bar says how many; Shift picks a range.
let last = null;
function tell() {
  const boxes = [...document.querySelectorAll("[data-row] input[type=checkbox]")];
  const picked = boxes.filter((box) => box.checked).length;
  for (const out of document.querySelectorAll("[data-picked]")) out.textContent = String(picked);
}
for (const all of document.querySelectorAll("[data-pick-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.querySelectorAll("[data-row] input[type=checkbox]")) box.checked = all.checked;
    tell();
  });
}
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.closest("[data-row]")) return;
  if (event.shiftKey && last) {
    const boxes = [...document.querySelectorAll("[data-row] input[type=checkbox]")];
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  tell();
});
