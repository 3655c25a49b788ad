// What moves by itself: engine time of the band, and regions that ask the server whether something is new.
for (const clock of document.querySelectorAll("[data-engine-speed]")) {
  const begin = Date.parse(clock.dateTime);
  const seen = performance.now();
  const speed = Number(clock.dataset.engineSpeed);
  const format = new Intl.DateTimeFormat(document.documentElement.lang === "vi" ? "vi-VN" : "en-GB", {
    day: document.documentElement.lang === "vi" ? "2-digit" : "numeric", month: document.documentElement.lang === "vi" ? "2-digit" : "short",
    year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.zone,
  });
  setInterval(() => {
    const parts = Object.fromEntries(format.formatToParts(begin + (performance.now() - seen) * speed).map((p) => [p.type, p.value]));
    const gap = document.documentElement.lang === "vi" ? "/" : " ";
    clock.textContent = `${parts.day}${gap}${parts.month}${gap}${parts.year} ${parts.hour}:${parts.minute}`;
  }, 1000);
}

/** `data-live="/url" data-every="5"`: asks while seen and used; 204 means nothing new; waits while it is in the hand. */
let used = Date.now();
for (const kind of ["pointermove", "keydown", "scroll"]) addEventListener(kind, () => (used = Date.now()), { passive: true });

function inHand(region) {
  const busy = region.contains(document.activeElement) || region.querySelector("details[open], input:checked") !== null;
  return busy || document.querySelector("dialog[open]") !== null || (region.matches(":hover") && Date.now() - used < 3000);
}

function watch(region) {
  let wait = Number(region.dataset.every || 5);
  const again = () => {
    const idle = document.hidden || Date.now() - used > 60_000;
    setTimeout(ask, 1000 * (idle ? 60 : wait));
  };
  const ask = async () => {
    const now = document.getElementById(region.id);
    if (!now?.dataset.live) return;
    if (inHand(now)) return again();
    try {
      const url = new URL(now.dataset.live, location.href);
      url.searchParams.set("since", now.dataset.version ?? "");
      const answer = await fetch(url, { headers: { "HX-Request": "true", "X-Live": "true" } });
      if (answer.status === 200) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(region.id);
        if (fresh && fresh.textContent !== now.textContent && !inHand(now)) {
          now.replaceWith(fresh);
          window.htmx?.process(fresh);
        }
      } else if (answer.status !== 204) return; // signed out or gone: stop asking
      wait = Number(region.dataset.every || 5);
    } catch {
      wait = Math.min(120, wait * 2);
    }
    again();
  };
  again();
}
for (const region of document.querySelectorAll("[data-live][id]")) watch(region);
