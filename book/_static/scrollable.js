// What scrolls sideways is a stop of the keyboard, and shows where it goes on. The theme would measure every box of the page in one go,
// and again whenever anything on the page changes, for which the browser has to lay out all of it
// (see _ext/theme_settings.py). Here a box is measured when it is laid out or changes its size, and the others
// one by one while nothing else is to be done.
(() => {
  const BOXES = "pre, div.math mjx-container, .cell_output > .output, .pst-scrollable-table-container";
  const main = document.querySelector("#main-content");
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 100));

  function measure(boxes) {
    const scroll = boxes.map((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    const more = boxes.map((box) => box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    boxes.forEach((box, i) => {
      if (scroll[i]) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      box.toggleAttribute("data-more", more[i]);
    });
  }

  const sizes = new ResizeObserver((entries) => measure(entries.map(({ target }) => target)));
  const observe = (boxes) => boxes.forEach((box) => sizes.observe(box));
  observe([...main.querySelectorAll(BOXES)]);
  new MutationObserver((records) => {
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]).filter(({ nodeType }) => nodeType === Node.ELEMENT_NODE);
    observe(added.flatMap((node) => [...node.querySelectorAll(BOXES)].concat(node.matches(BOXES) ? node : [])));
  }).observe(main, { subtree: true, childList: true });

  let waiting = [];
  function next() {
    measure(waiting.splice(0, 1));
    if (waiting.length) idle(next);
  }
  function begin() {
    if (!waiting.length) idle(next);
    waiting = [...main.querySelectorAll(BOXES)];
  }
  main.addEventListener("scroll", ({ target }) => target.matches(BOXES) && measure([target]), { capture: true, passive: true });
  addEventListener("load", begin);
  addEventListener("resize", begin);
})();
