// What all live figures share: the numerics, numbers as text, and the parts of a control panel.
// Python writes this module and a figure's view into one script (`script` in _live_figure.py): imports and
// exports are dropped there, and so are comments that have a line of their own.

// Numerics: as softmax/functional.py and softmax/_rowwise.py have them, in float64. ---------------

// The largest entry, or NaN if there is one.
export function maximum(z) {
  return z.reduce((a, b) => (a >= b || Number.isNaN(a) ? a : b), -Infinity);
}

// The index of the largest entry, of the first one if several are.
export function argmax(z) {
  return z.indexOf(maximum(z));
}

// (z - max z) / T. Halving is exact and keeps the distance of the two ends of the range finite.
// An infinite maximum is 0 above itself, and infinitely above the rest.
export function shifted(z, temperature = 1) {
  const m = maximum(z);
  const scale = temperature > 1 ? 0.5 : 1;
  return z.map((x) =>
    m === Infinity ? (x === m ? 0 : -Infinity) : (x * scale - m * scale) / (temperature * scale),
  );
}

export const sum = (values) => values.reduce((a, b) => a + b, 0);

export function softmax(z, temperature = 1) {
  const e = shifted(z, temperature).map(Math.exp);
  const total = sum(e);
  return e.map((x) => x / total);
}

// The largest term is 1 after the shift. It comes in by log1p, so that a small rest is not lost.
function logTotal(d) {
  const top = argmax(d);
  return Math.log1p(sum(d.map((x, k) => (k === top ? 0 : Math.exp(x)))));
}

export function logSoftmax(z, temperature = 1) {
  const d = shifted(z, temperature);
  const total = logTotal(d);
  return d.map((x) => x - total);
}

export function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

// The first and the last index, plus one, of each of the chunks that `count` things are cut into.
export function chunks(count, size) {
  return Array.from({ length: Math.ceil(count / size) }, (_, k) => [k * size, Math.min((k + 1) * size, count)]);
}

// Points of a plane.
export const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
export const average = (weights, points) => [0, 1].map((i) => sum(weights.map((p, k) => p * points[k][i])));

// Bytes from base64.
export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Whether a number is between two others; NaN is not.
export const within = (x, [low, high]) => x >= low && x <= high;
export const integerWithin = (n, range) => Number.isInteger(n) && within(n, range);

// Numbers as text. --------------------------------------------------------------------------------

// A number to read: with a minus sign, not a hyphen.
export function format(x, digits = 2) {
  return x.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}

// The same without zeros at the end.
export const short = (x, digits = 2) => format(x, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

// A point to read.
export const formatPoint = (point, text = format) => `(${point.map((x) => text(x)).join(", ")})`;

// A number and a power of ten: 3.4×10⁻⁴. The exponent may be beyond those of float64.
export function formatTimesTen(number, exponent) {
  const raised = [...String(exponent)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
  return `${number.replace("-", "−")}×10${raised}`;
}

export function formatScientific(x, digits = 1) {
  const [number, exponent] = x.toExponential(digits).split("e");
  return formatTimesTen(number, Number(exponent));
}

// A probability to read: one that is small, but not 0, does not become 0.
export const formatProbability = (p) => (p > 0 && p < 0.0005 ? formatScientific(p) : format(p, 3));

// A number with its sign, for what may be positive or negative.
export function formatSigned(x) {
  return (x < 0 ? "−" : x > 0 ? "+" : "") + formatProbability(Math.abs(x));
}

// The same where there is little room.
export const formatEntry = (x) => (x !== 0 && Math.abs(x) < 0.0005 ? "≈ 0" : formatSigned(x));

// "a, b and c"
export function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

// Parts of a page. --------------------------------------------------------------------------------

// Make an element. `on…` functions become listeners, null and false leave an attribute out.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// `kind` is "primary" for the first thing to press.
export const button = (text, act, kind = null) => make("button", { type: "button", class: kind, onclick: act }, text);

// Show a number as text, and keep all of its digits in data-value.
export function show(node, value, text = format(value)) {
  node.dataset.value = value;
  node.textContent = text;
}

// Show an entry of a matrix, in a color whose strength is its share of the largest one there can be.
export function showEntry(cell, entry, largest) {
  show(cell, entry, formatEntry(entry));
  cell.style.setProperty("--sign", entry < 0 ? "var(--c1)" : "var(--c0)");
  cell.style.setProperty("--share", `${(50 * Math.abs(entry)) / largest}%`);
}

// Text in which "e^2" has its exponent raised.
export const raised = (text) => text.split(/\^(\([^)]*\)|\S+)/).map((part, i) => (i % 2 ? make("sup", {}, part) : part));

// A table in a separate box, which scrolls where the reader's font is too wide for the figure.
export function scrollable(table) {
  return make("div", { class: "scroll" }, table);
}

// A scale says which number belongs to each position of a slider's range.
export function linearScale(min, max, step) {
  return { first: min, last: max, step, min, max, origin: min / (min - max), from: Number, to: (x) => x };
}

// Equal steps are equal factors. Numbers have three digits, so that what is shown is what is used.
export function logScale(min, max, steps) {
  return {
    first: 0,
    last: steps,
    step: 1,
    min,
    max,
    from: (i) => Number((min * (max / min) ** (i / steps)).toPrecision(3)),
    to: (x) => (steps * Math.log(x / min)) / Math.log(max / min),
  };
}

// A field for a number from `min` to `max`: { number, set(value) }. A number beyond is refused, and the
// figure says so; when the reader leaves the field, it holds the nearest number that it can hold.
export function numberField({ label, min = null, max = null, change }) {
  let value;
  const nearest = (x) => Math.min(number.max, Math.max(number.min, x));
  const refuse = (end = "") => {
    const [low, high] = [number.min, number.max].map((x) => x.replace("-", "−"));
    number.getRootNode().host.announce(`${label.replace(", as a number", "")} must be a number from ${low} to ${high}${end}.`);
  };
  const number = make("input", {
    type: "number",
    step: "any",
    min,
    max,
    "aria-label": label,
    oninput: () => {
      const given = number.valueAsNumber;
      const valid = given === nearest(given);
      number.setAttribute("aria-invalid", !valid);
      if (valid) change((value = given));
      else if (!Number.isNaN(given)) refuse();
    },
    // What is not a number at all is replaced by the last one.
    onchange: () => {
      const given = number.valueAsNumber;
      const refused = !Number.isNaN(given) && given !== nearest(given);
      if (refused) change((value = nearest(given)));
      set(value);
      if (refused) refuse(`, so it is now ${String(value).replace("-", "−")}`);
    },
  });
  const set = (x) => {
    value = x;
    if (number.valueAsNumber !== x) number.value = x; // "1.50" stays as it was typed
    number.setAttribute("aria-invalid", false);
  };
  return { number, set };
}

// By how many steps an arrow key moves a slider, if it is one.
export function arrowSteps(event) {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
  return plain && { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
}

// A slider and a number field for one value: { range, number, set(value), rescale(scale) }.
// The slider is a bar that begins at `origin`, a share of the way from its left end: by default where
// the number 0 is, and on a scale of factors in the middle.
export function slider({ label, scale, value, origin, change }) {
  const range = make("input", { type: "range", "aria-label": label, oninput: () => (touch ? hold() : use(scale.from(range.value))) });
  const set = (x) => {
    value = x;
    const position = scale.to(x);
    range.value = position;
    range.setAttribute("aria-valuetext", Math.abs(x) < 0.01 ? x : short(x));
    range.style.setProperty("--at", (position - scale.first) / (scale.last - scale.first));
    range.style.setProperty("--origin", origin ?? scale.origin ?? 0.5);
    field.set(x);
  };
  const use = (x) => {
    set(x);
    change(x);
  };
  const field = numberField({ label: `${label}, as a number`, change: use });
  const { number } = field;
  // A finger on the slider may begin to scroll the page. Browsers move the slider at once, so what
  // they do to it is undone, and kept in mind, until the finger goes sideways or was a tap.
  let touch = null;
  const hold = () => {
    touch.position = range.value;
    set(value);
  };
  const release = () => {
    const { position } = touch;
    touch = null;
    if (position !== undefined) use(scale.from(position));
  };
  const listeners = {
    pointerdown: (event) => (touch = event.pointerType === "touch" ? { x: event.clientX, y: event.clientY } : null),
    pointermove: (event) => {
      if (!touch || touch.scrolls) return;
      const [along, across] = [Math.abs(event.clientX - touch.x), Math.abs(event.clientY - touch.y)];
      if (along > 6 && along > across) release();
    },
    pointerup: () => touch && release(),
    // The page scrolls. The finger is still down, and some browsers go on moving the slider.
    pointercancel: () => touch && (touch.scrolls = true),
    touchend: () => (touch = null),
    touchcancel: () => (touch = null),
    keydown: () => (touch = null),
  };
  for (const [name, listener] of Object.entries(listeners)) range.addEventListener(name, listener, { passive: true });
  // From a value between two steps, browsers go to the nearest step, and one further: one is enough.
  range.addEventListener("keydown", (event) => {
    const snapped = scale.from(range.value);
    if (!((snapped - value) * arrowSteps(event) > 0)) return;
    event.preventDefault();
    use(snapped);
    range.dispatchEvent(new Event("change"));
  });
  const rescale = (other) => {
    scale = other;
    Object.assign(range, { min: scale.first, max: scale.last, step: scale.step });
    Object.assign(number, { min: scale.min, max: scale.max });
    set(value);
  };
  rescale(scale);
  return { range, number, set, rescale };
}

// A slider and a field for a whole number from 0: { range, number, set(value, last) }. The slider moves
// along the share of the way, so that a finger may rest between two numbers of few.
export function stepper({ label, change }) {
  let [at, last, share] = [0, 1, 0];
  const go = (step, where) => {
    share = where;
    change(Math.max(0, Math.min(last, Math.round(step))));
  };
  const { range, set: move } = slider({ label, scale: linearScale(0, 1, "any"), value: 0, origin: 0, change: (x) => go(x * last, x) });
  const field = numberField({ label: `${label}, as a number`, min: 0, change: (x) => go(x) });
  range.addEventListener("keydown", (event) => {
    if (!arrowSteps(event)) return;
    event.preventDefault();
    go(at + arrowSteps(event));
  });
  const set = (step, most) => {
    [at, last] = [step, most];
    if (Math.round(share * last) !== at) share = at / last;
    move(share);
    range.setAttribute("aria-valuetext", `${at} of ${last}`);
    field.number.max = last;
    field.set(at);
  };
  return { range, number: field.number, set };
}

// Color a canvas: `colorOf` returns the red, green and blue of each pixel, by its index.
export function paint(canvas, colorOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let d = 0; d < canvas.width * canvas.height; d += 1) image.data.set([...colorOf(d), 255], 4 * d);
  context.putImageData(image, 0, 0);
}

// Set attributes of an element that is there already.
export function setAttributes(node, attributes) {
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
}

// Put a line of a drawing between two points.
export function moveLine(node, [x1, y1], [x2, y2]) {
  setAttributes(node, { x1, y1, x2, y2 });
}

// Show all of some points in a drawing: how many pixels 1 has, and the place of a point.
export function fitPlane(points, size, margin) {
  const [low, high] = [Math.min, Math.max].map((most) => [0, 1].map((i) => most(...points.map((point) => point[i]))));
  const unit = Math.min(...size.map((length, i) => (length - 2 * margin[i]) / (high[i] - low[i])));
  const place = ([x, y]) => [size[0] / 2 + unit * (x - (low[0] + high[0]) / 2), size[1] / 2 - unit * (y - (low[1] + high[1]) / 2)];
  return { unit, place };
}

// Let the reader drag in a drawing: `moveTo` takes the place, in the units of its viewBox. A mouse may
// begin anywhere, a finger only at a `.grip`: elsewhere it scrolls, and a tap is a click. `take` learns
// of each press first.
export function dragIn(drawing, moveTo, take = () => {}) {
  let dragging = null; // the pointer that drags: a second finger does not
  let tap = {}; // where a finger came down beside the grip
  const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  const drag = (event) => {
    const { x, y } = place(event);
    moveTo(x, y);
  };
  const press = (event) => {
    take(place(event), event.target);
    drag(event);
  };
  const onGrip = (event) => event.target.matches(".grip");
  const listeners = {
    pointerdown: (event) => {
      if (dragging !== null || event.button) return;
      if (event.pointerType === "touch" && !onGrip(event)) return (tap = { id: event.pointerId, at: [event.clientX, event.clientY] });
      event.preventDefault();
      drawing.setPointerCapture(event.pointerId);
      dragging = event.pointerId;
      press(event);
    },
    pointermove: (event) => event.pointerId === dragging && drag(event),
    pointerup: (event) => {
      if (event.pointerId === dragging) dragging = null;
      else if (event.pointerId === tap.id && distance(tap.at, [event.clientX, event.clientY]) < 6) press(event);
    },
    pointercancel: (event) => event.pointerId === dragging && (dragging = null),
  };
  for (const [name, listener] of Object.entries(listeners)) drawing.addEventListener(name, listener);
  drawing.addEventListener("touchstart", (event) => onGrip(event) && event.preventDefault(), { passive: false });
}

// Columns for numbers from -most to most in a drawing: where they are, and what is at a place.
export function columnAxes(count, most, [left, right, top, bottom]) {
  const wide = (right - left) / count;
  const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
  return {
    wide,
    left: (k) => left + k * wide,
    center: (k) => left + (k + 0.5) * wide,
    height: (z) => top + ((most - z) / (2 * most)) * (bottom - top),
    column: (x) => clamp(Math.floor((x - left) / wide), 0, count - 1),
    number: (y) => clamp(Math.round(10 * (most - (2 * most * (y - top)) / (bottom - top))) / 10, -most, most),
  };
}

// Let the reader drag the heights of columns. A press beside the grip chooses a column by its place,
// and below `foot` it does no more.
export function dragColumns(drawing, { column, number }, foot, choose, change) {
  let picking, resting;
  const take = (_, target) => {
    picking = !target.matches(".grip");
    resting = false;
  };
  const drag = (x, y) => {
    if (resting) return;
    if (picking) {
      choose(column(x));
      resting = y > foot;
    }
    picking = false;
    if (!resting) change(number(y));
  };
  dragIn(drawing, drag, take);
}

// Show a challenge in `node`, and how it goes.
export function showChallenge(node, solved, task, verdict) {
  node.classList.toggle("solved", solved);
  node.replaceChildren(make("b", {}, solved ? "✓ Challenge." : "Challenge."), ` ${task} `, make("b", {}, verdict));
}

// Is the page dark? The book's theme and JupyterLab say so in their own ways; elsewhere the
// reader's system decides.
function isDark() {
  const site = document.documentElement.dataset.theme;
  const lab = document.body?.dataset.jpThemeLight;
  if (site) return site === "dark";
  if (lab) return lab === "false";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The base of every figure. A subclass has `build(start)`, which returns what to show and is
// called once, and its own rules in `static css`. What its controls can hold is in `limits`, and
// it says its result with `announce(sentence)`. A figure that calls `remember(state)` has its state
// in the address, and needs `restore(entries)`, which returns whether these entries are valid.
export class LiveElement extends HTMLElement {
  connectedCallback() {
    if (!this.shadowRoot) this.begin();
    // JupyterLab would take arrow keys and letters for its own.
    this.dataset.lmSuppressShortcuts = "true";
    const follow = () => {
      this.dataset.theme = isDark() ? "dark" : "light";
      this.onThemeChange();
    };
    this.observer = new MutationObserver(follow);
    for (const node of [document.documentElement, document.body]) {
      this.observer.observe(node, { attributeFilter: ["data-theme", "data-jp-theme-light"] });
    }
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.system.onchange = follow;
    follow();
    this.onHash = () => this.followLink();
    window.addEventListener("hashchange", this.onHash);
  }

  // A figure with a canvas must redraw it here: a canvas does not follow the style sheet.
  onThemeChange() {}

  disconnectedCallback() {
    this.observer.disconnect();
    this.system.onchange = null;
    window.removeEventListener("hashchange", this.onHash);
    clearTimeout(this.timer);
    clearTimeout(this.saving);
  }

  begin() {
    this.attachShadow({ mode: "open" });
    this.printed = make("p", { class: "sentence", "aria-hidden": "true" });
    this.status = make("p", { role: "status", class: "hidden" });
    const style = make("style", {}, CSS, this.constructor.css ?? "", TOUCH);
    this.limits = JSON.parse(this.dataset.limits ?? "{}");
    // The slot is for the picture, which is what goes on paper.
    const parts = this.build(JSON.parse(this.dataset.start));
    if (!this.printed.parentNode) parts.push(this.printed); // a figure may have a place for it
    this.shadowRoot.append(style, ...parts, this.status, make("slot"));
    this.followLink();
  }

  // The state in the address. "#logits:z=1,2&T=1" leads to this moment of the page's first figure of
  // this kind. The state in which the page opens needs no such link.

  get prefix() {
    return `#${this.localName.replace("softmax-", "")}:`;
  }

  followLink() {
    if (!this.restore || !location.hash.startsWith(this.prefix) || document.querySelector(this.localName) !== this) return;
    const entries = new URLSearchParams(location.hash.slice(this.prefix.length));
    if (this.restore(Object.fromEntries(entries))) this.scrollIntoView({ block: "center" });
  }

  // Once the hand rests: browsers count how often a page writes its address. In JupyterLab the
  // address is that of the program.
  remember(state) {
    const text = Object.entries(state).map(([name, value]) => `${name}=${value}`).join("&");
    this.opening ??= text;
    clearTimeout(this.saving);
    this.saving = setTimeout(() => {
      if (document.querySelector(this.localName) !== this || document.body.dataset.jpThemeLight) return;
      if (text !== this.opening) history.replaceState(history.state, "", this.prefix + text);
      else if (location.hash.startsWith(this.prefix)) history.replaceState(history.state, "", location.pathname + location.search);
    }, 400);
  }

  // The sentence is seen at once. It is read out after a moment of rest: a moving slider would be read
  // out at each step.
  announce(sentence) {
    this.printed.replaceChildren(...raised(sentence));
    clearTimeout(this.timer);
    if (!this.status.textContent) this.status.textContent = sentence;
    this.timer = setTimeout(() => (this.status.textContent = sentence), 400);
  }
}

// Two figures of a kind on a page bring the same script twice.
export function define(name, figure) {
  if (!customElements.get(name)) customElements.define(name, figure);
}

// Style. ------------------------------------------------------------------------------------------

// --c0 to --c5 are the colors of softmax/book.mplstyle, lighter on dark ground. As graphics they
// have a contrast of 3 or more to the ground; text is in --text or --soft, with 4.5 or more.
const CSS = `
:host {
  --ground: #fff; --panel: #eef1f4; --line: #c9d1d9; --edge: #6e7781; --text: #1f2328; --soft: #57606a;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #c269a0; --c4: #b87f00; --c5: #2a8bc6;
  --thumb: 14px;
  display: block; container-type: inline-size; box-sizing: border-box; color-scheme: light;
  margin: 1.2em 0; padding: 16px; border: 1px solid var(--line); border-radius: 8px;
  background: var(--ground); color: var(--text); font-size: 15px; line-height: 1.4;
}
:host([data-theme="dark"]) {
  --ground: #16191d; --panel: #22272e; --line: #444c56; --edge: #8b949e; --text: #e6e6e6; --soft: #b1bac4;
  --c0: #4da6e0; --c1: #f0843c; --c2: #2fbd94; --c3: #e0a0c8; --c4: #edb03a; --c5: #8acdf5;
  color-scheme: dark;
}
*, ::before, ::after { box-sizing: border-box; }
svg { overflow-anchor: none; } /* or the page would follow a mark that moves */
button, input, select { font: inherit; color: inherit; }
button, select, input[type="number"] {
  min-height: 34px; padding: 3px 12px; border: 1px solid var(--edge); border-radius: 6px; background: var(--ground);
}
button { cursor: pointer; }
button:hover { background: var(--panel); }
button.primary { background: var(--text); color: var(--ground); }
button[aria-disabled="true"] { background: none; color: var(--soft); border-style: dashed; cursor: default; }
input[type="number"] { width: 76px; padding: 3px 6px; font-variant-numeric: tabular-nums; }
input[aria-invalid="true"] { outline: 2px solid var(--c1); }
:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
input[type="range"] {
  --color: var(--c0);
  --knob: calc(var(--thumb) / 2 + var(--at) * (100% - var(--thumb)));
  --zero: calc(var(--thumb) / 2 + var(--origin) * (100% - var(--thumb)));
  appearance: none; width: 100%; min-width: 60px; height: 34px; margin: 0; cursor: pointer; touch-action: pan-y;
  border-radius: 4px; forced-color-adjust: none;
  background:
    linear-gradient(90deg, transparent min(var(--zero), var(--knob)), var(--color) 0 max(var(--zero), var(--knob)), transparent 0) center / 100% 18px no-repeat,
    linear-gradient(90deg, transparent calc(var(--zero) - 1px), var(--edge) 0 var(--zero), transparent 0),
    linear-gradient(var(--panel), var(--panel)) center / 100% 18px no-repeat;
}
input[type="range"]::-webkit-slider-thumb {
  appearance: none; width: var(--thumb); height: 28px; border: 3px solid var(--color); border-radius: 5px; background: var(--ground);
}
input[type="range"]::-moz-range-thumb {
  width: var(--thumb); height: 28px; border: 3px solid var(--color); border-radius: 5px; background: var(--ground);
}
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: start; }
.entry { border: 2px solid var(--ground); background: color-mix(in srgb, var(--sign) var(--share), var(--panel)); forced-color-adjust: none; }
summary { min-height: 28px; line-height: 28px; cursor: pointer; width: max-content; max-width: 100%; }
.scroll { overflow-x: auto; min-width: 0; margin: 0 -1px; padding: 0 1px; }
.sentence { margin: 14px 0 0; min-height: 2.8em; color: var(--text); }
sup { line-height: 0; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 14px; }
.challenge { margin: 14px 0 0; padding: 8px 12px; border-left: 4px solid var(--edge); background: var(--panel); border-radius: 0 6px 6px 0; }
.solved { border-color: var(--c2); }
.soft { color: var(--soft); font-size: 13px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
slot { display: none; }
@media print {
  :host { padding: 0; border: 0; }
  * { display: none !important; }
  slot { display: block !important; }
  ::slotted(p) { display: none; }
}
`;

// After the rules of a figure: a finger finds what is as high as it is wide.
const TOUCH = `
@media (pointer: coarse) {
  :host :is(button, select, summary, input:is([type="number"], [type="range"]), label:has(input)) { min-height: 44px; }
  summary { line-height: 44px; }
}
`;
