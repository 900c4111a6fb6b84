// How far the reader has come: a line at the top while a chapter is read, and a tick in the sidebar at
// the chapters that were read to their end. Only this browser knows of it.
(() => {
  const KEY = "softmax-from-first-principles:read";
  const root = new URL(document.documentElement.dataset.content_root, location.href).pathname;
  const name = ({ pathname }) => pathname.slice(root.length).replace(/\.html$/, "");

  // Where a browser keeps nothing, every visit is the first one.
  function stored() {
    try {
      return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
    } catch {
      return new Set();
    }
  }

  function tick() {
    const read = stored();
    for (const link of document.querySelectorAll(".bd-docs-nav .toctree-l1 a")) {
      if (!read.has(name(link)) || link.querySelector(".tick")) continue;
      link.insertAdjacentHTML("beforeend", ' <span class="tick" role="img" aria-label="read">✓</span>');
    }
  }

  function finish() {
    const read = stored().add(name(location));
    try {
      localStorage.setItem(KEY, JSON.stringify([...read]));
    } catch {}
    tick();
  }

  tick();
  const article = document.querySelector("article.bd-article");
  if (!article?.querySelector("h1 .section-number")) return; // not a chapter
  const line = document.createElement("div");
  line.className = "reading-line";
  document.body.append(line);
  let waiting = false;
  let finished = false;
  const measure = () => {
    waiting = false;
    const { top, bottom } = article.getBoundingClientRect();
    line.style.scale = `${Math.min(1, Math.max(0, -top / (bottom - top - innerHeight)))} 1`;
    if (!finished && scrollY > 0 && bottom <= innerHeight) {
      finished = true;
      finish();
    }
  };
  const wait = () => {
    if (!waiting) requestAnimationFrame(measure);
    waiting = true;
  };
  addEventListener("scroll", wait, { passive: true });
  addEventListener("resize", wait);
  wait();
})();
