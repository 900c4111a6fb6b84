// A link to a term shows what the glossary says of it: to a mouse that rests on it, to the keyboard, and to
// a finger, whose first tap shows the entry and whose second follows the link. The entries are a script
// (see _ext/glossary_entries.py), which also loads where the book is opened as a file. It is fetched with
// the first of them.
const bookGlossary = (() => {
  const root = document.documentElement.dataset.content_root;
  const box = document.createElement("div");
  Object.assign(box, { id: "glossary-entry", className: "glossary-entry", popover: "manual" });
  let entries, script, shown, timer;
  let finger = false;

  // The styles are those of the formulas.
  function add({ entries: all, styles }) {
    entries = all;
    const sheet = document.createElement("style");
    sheet.textContent = styles.replaceAll("FONTS", `${root}_static/mathjax`);
    document.head.append(sheet);
  }

  function load() {
    if (script) return;
    script = document.createElement("script");
    script.src = `${root}_static/glossary-entries.js`;
    script.onload = () => shown && show(shown);
    document.head.append(script);
  }

  // Below the link, or above it where there is more room; never beyond the edges of the window.
  function place() {
    const line = shown.getClientRects()[0];
    const { width, height } = box.getBoundingClientRect();
    const above = line.bottom + height > innerHeight && line.top > height;
    box.style.left = `${Math.max(8, Math.min(line.left, document.documentElement.clientWidth - width - 8))}px`;
    box.style.top = `${above ? line.top - height : line.bottom}px`;
  }

  function show(link) {
    clearTimeout(timer);
    if (shown !== link) hide();
    shown = link;
    load();
    const entry = entries?.[link.hash.slice(1)];
    if (!entry) return;
    box.innerHTML = entry;
    for (const other of box.querySelectorAll('a:not([href*=":"])')) other.href = root + other.getAttribute("href");
    // "See Chapter." leads nowhere on the page of the chapter itself.
    const see = box.querySelector("p:last-child > a:last-child");
    const before = see?.previousSibling;
    if (see?.pathname === location.pathname && !see.hash && / See $/.test(before.data)) {
      before.data = before.data.slice(0, -5);
      see.nextSibling.remove();
      see.remove();
    }
    link.after(box); // so that the next stop of the keyboard is a link in it
    link.setAttribute("aria-describedby", box.id);
    box.showPopover();
    place();
  }

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.remove();
  }

  const soon = (act, delay) => {
    clearTimeout(timer);
    timer = setTimeout(act, delay);
  };

  const links = HTMLElement.prototype.showPopover ? document.querySelectorAll("main a.reference[href*='#term-']") : [];
  for (const link of links) {
    const listeners = {
      pointerenter: ({ pointerType }) => pointerType === "mouse" && soon(() => show(link), 150),
      pointerleave: ({ pointerType }) => pointerType === "mouse" && soon(hide, 300),
      focus: () => link.matches(":focus-visible") && show(link),
      click: (event) => {
        if (!finger || shown === link) return;
        event.preventDefault();
        show(link);
      },
      contextmenu: (event) => {
        if (!finger) return;
        event.preventDefault();
        show(link);
      },
    };
    for (const [name, listener] of Object.entries(listeners)) link.addEventListener(name, listener);
  }
  if (links.length) {
    const within = (node) => shown && node && (shown.contains(node) || box.contains(node));
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && soon(hide, 300));
    addEventListener("pointerdown", ({ pointerType, target }) => {
      finger = pointerType === "touch";
      if (!within(target)) hide();
    });
    addEventListener("focusout", ({ relatedTarget }) => !finger && relatedTarget && !within(relatedTarget) && hide());
    addEventListener("keydown", ({ key }) => {
      finger = false;
      if (key !== "Escape") return;
      if (box.contains(document.activeElement)) shown.focus();
      hide();
    });
    addEventListener("scroll", () => shown && box.isConnected && place(), { passive: true, capture: true });
  }
  return { add };
})();
