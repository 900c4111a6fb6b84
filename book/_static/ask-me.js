// "Ask me": the questions of the page one at a time, in random order, until each is known. Only this browser
// knows which ones are. The list below stays as it is.
(() => {
  const KEY = "softmax-from-first-principles:known";
  const questions = [...document.querySelectorAll("article details[id^='review-']")];
  const count = questions.length;
  let known, asked;

  // Where a browser keeps nothing, every visit is the first one.
  try {
    known = new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    known = new Set();
  }

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  const button = (textContent, onclick) => element("button", { type: "button", className: "btn btn-sm", textContent, onclick });
  const card = element("div", {});
  const said = element("span", {});
  said.setAttribute("role", "status");
  const start = button("Ask me", ask);
  const verdicts = element("span", { hidden: true }, button("Knew it", () => judge(true)), button("Again", () => judge(false)));
  const forget = button("Start over", () => {
    known.clear();
    keep();
    ask();
  });

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify([...known]));
    } catch {}
    const number = questions.filter(({ id }) => known.has(id)).length;
    said.textContent = number === count ? `You knew all ${count}.` : `${number} of ${count} known`;
    forget.hidden = !number;
  }

  function ask() {
    const open = questions.filter(({ id }) => !known.has(id));
    const others = open.filter((question) => question !== asked);
    const left = others.length ? others : open;
    asked = left[Math.floor(Math.random() * left.length)];
    start.hidden = Boolean(asked);
    verdicts.hidden = true;
    card.replaceChildren();
    if (!asked) return forget.focus();
    const copy = asked.cloneNode(true);
    copy.open = false;
    copy.removeAttribute("id");
    copy.ontoggle = () => (verdicts.hidden = !copy.open);
    card.append(copy);
    copy.querySelector("summary").focus({ preventScroll: true });
  }

  function judge(knew) {
    known[knew ? "add" : "delete"](asked.id);
    keep();
    ask();
  }

  keep();
  questions[0]?.closest("section").before(element("div", { className: "ask-me" }, card, start, verdicts, forget, said));
})();
