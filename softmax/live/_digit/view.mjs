// Draw a digit on the left; what the classifier sees of it, what decides, and what it reads.

import { LiveElement, argmax, define, format, formatProbability, make, scrollable, show, softmax } from "../core.mjs";
import { SIDE, bytes, centerDigit, centeredWeights, contributions, drawLine, floats, logitsOf } from "./numerics.mjs";

// The picture that is drawn on. A pixel of a sample covers 5 × 5 of it.
const SIZE = 140;
const PEN = 12;

class DigitFigure extends LiveElement {
  build(start) {
    this.model = centeredWeights(floats(start.weights));
    this.digits = [...this.model.b.keys()];
    this.samples = start.samples.map((text, i) => ({ picture: bytes(text), label: start.labels[i] }));
    // What is on the paper: strokes, and perhaps a sample below them. `past` is for undo.
    this.marks = [];
    this.past = [];
    return [make("div", { class: "columns" }, this.buildPaper(), this.buildPictures(), this.buildBars())];
  }

  buildPaper() {
    this.verdict = make("span", { class: "verdict" });
    this.paper = make("canvas", {
      role: "img",
      onpointerdown: (event) => this.begins(event),
      onpointermove: (event) => this.moves(event),
      onpointerup: (event) => this.ends(event),
      onpointercancel: (event) => this.ends(event),
    });
    this.hint = make("div", { class: "hint", "aria-hidden": "true" }, "Draw a digit here");
    this.undoButton = make("button", { type: "button", onclick: () => this.undo() }, "Undo");
    this.clearButton = make("button", { type: "button", onclick: () => this.clear() }, "Clear");
    const samples = this.samples.map((sample) => {
      const picture = make("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
      paint(picture, (d) => gray(sample.picture[d] / 255));
      const choose = () => this.change([sample]);
      return make("button", { type: "button", class: "sample", "aria-label": `Test digit: ${sample.label}`, onclick: choose }, picture);
    });
    return make(
      "div",
      { class: "draw" },
      make("div", { class: "paper" }, this.paper, this.hint),
      make("div", { class: "buttons" }, this.undoButton, this.clearButton, make("div", { class: "reading" }, "read as ", this.verdict)),
      make("div", { class: "head" }, "or choose a test digit"),
      make("div", { role: "group", "aria-label": "Test digits", class: "samples" }, ...samples),
    );
  }

  buildPictures() {
    this.seen = make("canvas", { width: SIDE, height: SIDE, role: "img" });
    this.map = make("canvas", { width: SIDE, height: SIDE, role: "img" });
    this.mapHead = make("div", { class: "head" });
    this.least = make("span");
    this.most = make("span");
    return make(
      "div",
      { class: "pictures" },
      make("div", {}, make("div", { class: "head" }, "what it sees"), this.seen),
      make(
        "div",
        {},
        this.mapHead,
        this.map,
        make("div", { class: "scale", "aria-hidden": "true" }),
        make("div", { class: "ends soft" }, this.least, this.most),
      ),
    );
  }

  buildBars() {
    this.rows = this.digits.map((k) => {
      const bar = make("div", { class: "bar" });
      const p = make("td", { class: "p" });
      const cells = make("tr", {}, make("th", { scope: "row" }, `${k}`), make("td", {}, make("div", { class: "track" }, bar)), p);
      return { bar, p, cells };
    });
    const head = ["digit", "probability"].map((name, i) => make("th", { scope: "col", colspan: i === 1 && 2 }, name));
    this.subject = make(
      "select",
      { onchange: () => this.update() },
      make("option", { value: "" }, "the winner"),
      ...this.digits.map((k) => make("option", { value: k }, `${k}`)),
    );
    this.parts = ["pixels for", "pixels against", "bias", "logit, from the mean"].map((name) => {
      const value = make("dd");
      return { value, line: make("div", {}, make("dt", {}, name), value) };
    });
    return make(
      "div",
      {},
      make("div", { class: "head" }, "probabilities"),
      scrollable(make("table", {}, make("thead", { class: "hidden" }, make("tr", {}, ...head)), make("tbody", {}, ...this.rows.map((row) => row.cells)))),
      make("label", { class: "head" }, "explain", this.subject),
      make("dl", {}, ...this.parts.map(({ line }) => line)),
    );
  }

  connectedCallback() {
    super.connectedCallback();
    // The paper is drawn with as many pixels as the screen has for it.
    this.resizes = new ResizeObserver(() => this.drawPaper());
    this.resizes.observe(this.paper);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.resizes.disconnect();
    this.pointer = undefined;
  }

  onThemeChange() {
    this.update();
  }

  // Drawing. A second finger does not draw, and neither does the right button.

  point(event) {
    const box = this.paper.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top].map((x) => (x * SIZE) / box.width);
  }

  begins(event) {
    if (event.button !== 0 || this.pointer !== undefined) return;
    this.paper.setPointerCapture(event.pointerId);
    this.change([...this.marks, { points: [this.point(event)] }]);
    this.pointer = event.pointerId;
  }

  moves(event) {
    if (event.pointerId !== this.pointer) return;
    // The screen is slower than the hand: the points between two of its pictures count as well.
    const events = event.getCoalescedEvents?.() ?? [];
    const { points } = this.marks.at(-1);
    for (const one of events.length ? events : [event]) {
      points.push(this.point(one));
      drawLine(this.ink, SIZE, ...points.slice(-2), PEN);
    }
    this.drawPaper();
    this.update();
  }

  ends(event) {
    if (event.pointerId === this.pointer) this.pointer = undefined;
  }

  change(marks) {
    this.past.push(this.marks);
    this.use(marks);
  }

  undo() {
    if (!this.past.length) return this.announce("There is nothing to undo.");
    this.use(this.past.pop());
  }

  clear() {
    if (!this.marks.length) return this.announce("The paper is empty.");
    this.change([]);
  }

  // A stroke that is being drawn ends: it may no longer be on the paper.
  use(marks) {
    this.pointer = undefined;
    this.marks = marks;
    this.ink = new Float64Array(SIZE * SIZE);
    for (const { picture, points } of marks) {
      if (picture) this.ink.forEach((_, at) => (this.ink[at] = picture[sampleAt(at)] / 255));
      points?.forEach((point, i) => drawLine(this.ink, SIZE, points[Math.max(i - 1, 0)], point, PEN));
    }
    this.drawPaper();
    this.update();
  }

  drawPaper() {
    const size = Math.round(this.paper.clientWidth * devicePixelRatio);
    if (!size) return;
    Object.assign(this.paper, { width: size, height: size });
    const context = this.paper.getContext("2d");
    context.scale(size / SIZE, size / SIZE);
    context.imageSmoothingEnabled = false;
    Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    for (const { picture, points } of this.marks) {
      if (picture) {
        const small = make("canvas", { width: SIDE, height: SIDE });
        paint(small, (d) => gray(picture[d] / 255));
        context.drawImage(small, 0, 0, SIZE, SIZE);
      }
      context.beginPath();
      points?.forEach(([x, y]) => context.lineTo(x, y));
      // One point alone is no line.
      if (points?.length === 1) context.lineTo(...points[0]);
      context.stroke();
    }
  }

  // The result.

  update() {
    const x = this.marks.length ? centerDigit(this.ink, SIZE, SIZE) : null;
    this.hint.hidden = this.marks.length > 0;
    this.undoButton.setAttribute("aria-disabled", !this.past.length);
    this.clearButton.setAttribute("aria-disabled", !this.marks.length);
    if (!x) return this.showNothing();
    const z = logitsOf(x, this.model);
    const p = softmax(z);
    const winner = argmax(p);
    this.rows.forEach(({ bar, p: value, cells }, k) => {
      bar.style.width = `${100 * p[k]}%`;
      show(value, p[k], formatProbability(p[k]));
      cells.classList.toggle("first", k === winner);
    });
    show(this.verdict, winner, `${winner}`);
    paint(this.seen, (d) => gray(x[d]));
    this.seen.setAttribute("aria-label", "The picture that the classifier sees: 28 × 28 pixels");
    this.paper.setAttribute("aria-label", "The paper, with what you drew or chose");
    this.explain(x, z, winner);
    this.report(p, winner);
  }

  explain(x, z, winner) {
    const k = this.subject.value === "" ? winner : Number(this.subject.value);
    const parts = contributions(x, this.model.W[k]);
    // Where no pixel says anything, the map stays blank.
    const limit = parts.reduce((a, c) => Math.max(a, Math.abs(c)), 0) || 1;
    const [ground, blue, orange] = ["--ground", "--c0", "--c1"].map((name) => this.color(name));
    paint(this.map, (d) => mixed(ground, parts[d] < 0 ? orange : blue, Math.abs(parts[d]) / limit));
    const total = (sign) => parts.reduce((a, c) => (c * sign > 0 ? a + c : a), 0);
    const values = [total(1), total(-1), this.model.b[k], z[k]];
    this.parts.forEach(({ value }, i) => show(value, values[i], `${values[i] < 0 || i === 3 ? "" : "+"}${format(values[i], 1)}`));
    this.mapHead.textContent = `for and against ${k}`;
    this.least.textContent = `against ${format(-limit, 1)}`;
    this.most.textContent = `+${format(limit, 1)} for`;
    const words = `Map of the pixels: those for a ${k} add ${format(values[0], 1)} to its logit, those against ${format(values[1], 1)}`;
    this.map.setAttribute("aria-label", words);
  }

  report(p, winner) {
    const second = argmax(p.map((value, k) => (k === winner ? -1 : value)));
    const [first] = this.marks;
    const only = this.marks.length === 1 && first.picture;
    const who = !only ? "It reads" : first.label === winner ? `It reads this ${first.label} as` : `This is a ${first.label}, but it reads`;
    this.announce(`${who} a ${winner}, with probability ${formatProbability(p[winner])}. Next comes ${second}, with ${formatProbability(p[second])}.`);
  }

  showNothing() {
    for (const { bar, p, cells } of this.rows) {
      bar.style.width = 0;
      delete p.dataset.value;
      p.textContent = "–";
      cells.classList.remove("first");
    }
    for (const node of [this.verdict, ...this.parts.map(({ value }) => value)]) {
      delete node.dataset.value;
      node.textContent = "–";
    }
    this.mapHead.textContent = "for and against";
    this.least.textContent = "against";
    this.most.textContent = "for";
    const ground = this.color("--ground");
    paint(this.seen, () => gray(0));
    paint(this.map, () => ground);
    this.paper.setAttribute("aria-label", "The paper, empty");
    this.seen.setAttribute("aria-label", "The picture that the classifier sees: empty");
    this.map.setAttribute("aria-label", "Map of the pixels: empty");
    this.announce("Draw a digit, or choose one of the test digits.");
  }

  // A color of the style as three numbers.
  color(name) {
    const text = getComputedStyle(this).getPropertyValue(name).trim().slice(1);
    const digits = text.length === 3 ? [...text].map((digit) => digit + digit) : text.match(/../g);
    return digits.map((pair) => parseInt(pair, 16));
  }

  static css = `
    .columns { display: grid; gap: 20px; }
    .head { display: flex; align-items: center; gap: 6px; min-height: 34px; font-weight: 600; }
    canvas { display: block; border-radius: 6px; image-rendering: pixelated; forced-color-adjust: none; }
    .paper { position: relative; }
    .paper canvas { width: 100%; aspect-ratio: 1; background: #000; outline: 1px solid var(--line); outline-offset: -1px; touch-action: none; cursor: crosshair; }
    .hint { position: absolute; inset: 0; display: grid; place-items: center; color: #c9d1d9; pointer-events: none; }
    .hint[hidden] { display: none; }
    .draw { max-width: 280px; width: 100%; margin: 0 auto; }
    .draw > .buttons { margin-top: 10px; }
    .samples { display: grid; grid-template-columns: repeat(5, 44px); justify-content: space-between; gap: 6px; }
    .draw > .head { margin-top: 6px; }
    .sample { padding: 2px; min-height: 0; }
    .sample canvas { width: 100%; border-radius: 4px; pointer-events: none; }
    .pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 12px 16px; }
    .pictures canvas { width: 100%; outline: 1px solid var(--line); outline-offset: -1px; }
    .scale { height: 8px; margin-top: 8px; border-radius: 4px; background: linear-gradient(90deg, var(--c1), var(--ground), var(--c0)); forced-color-adjust: none; }
    .ends { display: flex; justify-content: space-between; margin-top: 2px; font-variant-numeric: tabular-nums; }
    select { padding: 2px 4px; min-height: 30px; font-weight: 400; }
    label.head { margin-top: 10px; }
    dl { margin: 4px 0 0; font-size: 14px; font-variant-numeric: tabular-nums; }
    dl div { display: flex; justify-content: space-between; }
    dl div:last-child { border-top: 1px solid var(--line); font-weight: 600; }
    dd { margin: 0; }
    .reading { display: flex; align-items: center; gap: 8px; margin-inline-start: auto; }
    .verdict { min-width: 0.6em; font-size: 28px; line-height: 34px; font-weight: 600; }
    tbody tr { height: 26px; }
    td, th { padding: 0; }
    th { width: 20px; font-weight: 400; }
    .first th, .first td { font-weight: 600; }
    .p { width: 0; min-width: 4.5em; padding-left: 8px; text-align: end; white-space: nowrap; }
    .track { min-width: 40px; height: 16px; border-radius: 4px; background: var(--panel); overflow: hidden; }
    .bar { height: 100%; background: var(--c1); forced-color-adjust: none; }
    @container (min-width: 600px) {
      .columns { grid-template-columns: 250px 150px minmax(0, 1fr); gap: 24px; }
      .pictures { grid-template-columns: 1fr; align-content: start; }
    }
  `;
}

const gray = (value) => Array(3).fill(255 * Math.min(value, 1));

const mixed = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

// Which pixel of a sample lies under a pixel of the paper.
function sampleAt(at) {
  const fine = SIZE / SIDE;
  return Math.floor(at / SIZE / fine) * SIDE + Math.floor((at % SIZE) / fine);
}

// Give each pixel of a canvas a color of three numbers.
function paint(canvas, colorOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  for (let d = 0; d < SIDE * SIDE; d += 1) image.data.set([...colorOf(d), 255], 4 * d);
  context.putImageData(image, 0, 0);
}

define("softmax-digit", DigitFigure);
