// Draw a digit on the left; what the classifier sees of it, what decides, and what it reads.
// The compact figure has the logits and a temperature in place of what it sees and what decides.

import { LiveElement, argmax, button, bytes, define, format, formatProbability, logScale, make, paint, reducedMotion, scrollable, show, showChallenge, slider, softmax, within } from "../core.mjs";
import { SIDE, centerDigit, centeredWeights, contributions, drawLine, floats, logitsOf } from "./numerics.mjs";

const TEMPERATURE_STEPS = 200;
// The logits' bars reach to a multiple of this.
const REACH = 10;
// How far the hand that draws the first digit gets in a millisecond, in units of the paper.
const PACE = 0.14;
// Points of a stroke are multiples of 1 / FINE.
const FINE = 10;
// Which the challenges ask for.
const HALF = 0.5;
const NEAR = 0.01;

class DigitFigure extends LiveElement {
  build(start) {
    this.model = centeredWeights(floats(start.weights));
    this.digits = [...this.model.b.keys()];
    this.samples = start.samples.map((text, i) => ({ picture: bytes(text), label: start.labels[i] }));
    // What is on the paper: strokes, and perhaps a sample below them. `past` is for undo.
    this.marks = [];
    this.past = [];
    this.size = this.limits.paper;
    this.pen = this.limits.pen;
    this.compact = "temperature" in start;
    this.toggleAttribute("compact", this.compact);
    this.temperature = start.temperature ?? 1;
    // An example gives way to the reader's first stroke.
    this.isExample = false;
    this.goal = make("p", { class: "challenge" });
    const parts = this.compact ? [this.buildReading()] : [this.buildTable({ p: "probability" }), this.buildPictures(), this.buildExplanation()];
    this.save();  // how the page opens
    return [make("div", { class: this.compact ? "columns compact" : "columns" }, ...this.buildPaper(), ...parts), this.goal];
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
    this.hint = make("div", { class: "hint", "aria-hidden": "true" });
    this.undoButton = button("Undo", () => this.undo());
    this.clearButton = button("Clear", () => this.clear());
    const buttons = make("div", { class: "buttons" }, this.undoButton, this.clearButton, make("div", { class: "reading" }, "read as ", this.verdict));
    const samples = this.samples.map((sample) => {
      const picture = make("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
      paint(picture, (d) => gray(sample.picture[d] / 255));
      const choose = () => this.change([sample]);
      return make("button", { type: "button", class: "sample", "aria-label": `Test digit: ${sample.label}`, onclick: choose }, picture);
    });
    return [
      make("div", { class: "paper" }, this.paper, this.hint),
      buttons,
      make("div", { class: "choice" }, make("div", { class: "head" }, "or choose", make("span", {}, "a test digit")), make("div", { role: "group", "aria-label": "Test digits", class: "samples" }, ...samples)),
    ];
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

  // The compact figure: digit, logit and probability in a row, and the temperature below.
  buildReading() {
    this.heat = slider({
      label: "Temperature",
      scale: logScale(...this.limits.temperature, TEMPERATURE_STEPS),
      value: this.temperature,
      change: (T) => {
        this.temperature = T;
        this.update();
      },
    });
    for (const input of [this.heat.range, this.heat.number]) input.addEventListener("change", () => this.save());
    const table = this.buildTable({ z: "score", p: "probability" });
    table.append(make("div", { class: "heat" }, make("span", { "aria-hidden": "true" }, "temperature"), this.heat.range, this.heat.number));
    return table;
  }

  // A table with a bar and a number for each digit and each of the columns.
  buildTable(columns) {
    this.rows = this.digits.map((k) => {
      const row = { line: make("tr", {}, make("th", { scope: "row" }, `${k}`)) };
      for (const name of Object.keys(columns)) {
        const bar = make("div", { class: `bar ${name}` });
        row[name] = { bar, value: make("td", { class: `number ${name}` }) };
        row.line.append(make("td", {}, make("div", { class: "track" }, bar)), row[name].value);
      }
      return row;
    });
    const head = make("tr", {}, make("th", { scope: "col" }, make("span", { class: "hidden" }, "digit")), ...Object.values(columns).map((name) => make("th", { scope: "colgroup", colspan: 2 }, name)));
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...this.rows.map((row) => row.line)));
    return make("div", { class: "result" }, scrollable(table));
  }

  buildExplanation() {
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
      { class: "explanation" },
      make("label", { class: "head" }, "explain", this.subject),
      make("dl", {}, ...this.parts.map(({ line }) => line)),
    );
  }

  connectedCallback() {
    super.connectedCallback();
    // The paper is drawn with as many pixels as the screen has for it.
    this.resizes = new ResizeObserver(() => this.drawPaper());
    this.resizes.observe(this.paper);
    if (!this.marks.length && !this.past.length) this.open(JSON.parse(this.dataset.start));
  }

  // Show an example: a digit that a hand draws, or a sample.
  open({ strokes, first }) {
    this.isExample = true;
    if (!strokes) return this.use([this.samples[first]]);
    const whole = strokes.map((points) => ({ points }));
    if (reducedMotion()) return this.use(whole);
    const began = performance.now();
    const draw = (now) => {
      const marks = beginning(strokes, PACE * (now - began));
      this.use(marks ?? whole);
      if (marks) this.frame = requestAnimationFrame(draw);
    };
    this.frame = requestAnimationFrame(draw);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.resizes.disconnect();
    cancelAnimationFrame(this.frame);
    this.pointer = undefined;
  }

  onThemeChange() {
    this.update();
  }

  // Drawing. A second finger does not draw, and neither does the right button.

  point(event) {
    const box = this.paper.getBoundingClientRect();
    // Rounded, so that a drawing that comes back from an address is exactly the same.
    return [event.clientX - box.left, event.clientY - box.top].map((x) => Math.round((x * this.size * FINE) / box.width) / FINE);
  }

  begins(event) {
    if (event.button !== 0 || this.pointer !== undefined) return;
    const [id, point] = [event.pointerId, this.point(event)];
    // A finger on the example may begin to scroll the page. It draws when it goes sideways, and a tap
    // empties the paper, on which every stroke draws.
    if (this.isExample && event.pointerType === "touch") return (this.finger = { id, point, at: [event.clientX, event.clientY] });
    this.paper.setPointerCapture(id);
    this.stroke(id, point);
  }

  stroke(id, point) {
    this.change([...(this.isExample ? [] : this.marks), { points: [point] }], id);
  }

  moves(event) {
    if (event.pointerId === this.finger?.id) {
      const { id, point, at: [x, y] } = this.finger;
      const [along, across] = [Math.abs(event.clientX - x), Math.abs(event.clientY - y)];
      if (along < 6 || along < across) return;
      this.finger = undefined;
      this.stroke(id, point);
    }
    if (event.pointerId !== this.pointer) return;
    // The screen is slower than the hand: the points between two of its pictures count as well.
    const events = event.getCoalescedEvents?.() ?? [];
    const { points } = this.marks.at(-1);
    for (const one of events.length ? events : [event]) {
      points.push(this.point(one));
      drawLine(this.ink, this.size, ...points.slice(-2), this.pen);
    }
    this.drawPaper();
    this.update();
  }

  ends(event) {
    if (event.pointerId === this.finger?.id) {
      this.finger = undefined;
      return event.type === "pointerup" && this.change([]);
    }
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.update();
    this.save();
  }

  change(marks, pointer) {
    this.past.push(this.marks);
    this.leaveExample();
    this.use(marks, pointer);
    this.save();
  }

  leaveExample() {
    cancelAnimationFrame(this.frame);
    this.isExample = false;
  }

  undo() {
    if (!this.past.length) return this.announce("There is nothing to undo.");
    this.leaveExample();
    this.use(this.past.pop());
    this.save();
  }

  clear() {
    if (!this.marks.length) return this.announce("The paper is empty.");
    this.change([]);
  }

  // A stroke that was being drawn ends, for it may no longer be on the paper. `pointer` begins one.
  use(marks, pointer) {
    this.pointer = pointer;
    this.marks = marks;
    this.ink = new Float64Array(this.size * this.size);
    for (const { picture, points } of marks) {
      if (picture) this.ink.forEach((_, at) => (this.ink[at] = picture[sampleAt(at, this.size)] / 255));
      points?.forEach((point, i) => drawLine(this.ink, this.size, points[Math.max(i - 1, 0)], point, this.pen));
    }
    this.drawPaper();
    this.update();
  }

  // The state in the address: marks joined by "*", of which a sample is "s" and its index, and a
  // stroke is "x.y" for each point, joined by "_", in units of 1 / FINE.

  state() {
    const marks = this.marks.map((mark) => (mark.picture ? `s${this.samples.indexOf(mark)}` : mark.points.map((point) => point.map((x) => Math.round(x * FINE)).join(".")).join("_"))).join("*");
    return this.compact ? { marks, T: this.temperature } : { marks };
  }

  save() {
    this.remember(this.state());
  }

  restore({ marks = "", T = "1" }) {
    const asked = marks.split("*").map((part) => (part[0] === "s" ? this.samples[part.slice(1)] : { points: part.split("_").map((point) => point.split(".").map((x) => x / FINE)) }));
    const temperature = Number(T);
    const valid = within(temperature, this.compact ? this.limits.temperature : [1, 1]) && asked.every((mark) => mark?.picture || mark?.points?.every((point) => point.length === 2 && point.every(Number.isFinite)));
    if (valid) {
      this.leaveExample();
      if (this.compact) this.heat.set((this.temperature = temperature));
      this.use(asked);
      this.save();
    }
    return valid;
  }

  drawPaper() {
    const size = Math.round(this.paper.clientWidth * devicePixelRatio);
    if (!size) return;
    Object.assign(this.paper, { width: size, height: size });
    const context = this.paper.getContext("2d");
    context.scale(size / this.size, size / this.size);
    context.imageSmoothingEnabled = false;
    Object.assign(context, { lineWidth: this.pen, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    for (const { picture, points } of this.marks) {
      if (picture) {
        const small = make("canvas", { width: SIDE, height: SIDE });
        paint(small, (d) => gray(picture[d] / 255));
        context.drawImage(small, 0, 0, this.size, this.size);
      }
      context.beginPath();
      points?.forEach(([x, y]) => context.lineTo(x, y));
      // A line of no length would leave no mark.
      if (points?.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
      context.stroke();
    }
  }

  // The result.

  update() {
    const x = this.marks.length ? centerDigit(this.ink, this.size, this.size) : null;
    this.hint.textContent = this.isExample ? (matchMedia("(hover: none)").matches ? "Tap to draw your own" : "Draw your own") : this.marks.length ? "" : "Draw a digit here";
    this.hint.classList.toggle("below", this.isExample);
    this.paper.classList.toggle("scrolls", this.isExample);
    this.undoButton.setAttribute("aria-disabled", !this.past.length);
    this.clearButton.setAttribute("aria-disabled", !this.marks.length);
    if (!x) return this.showNothing();
    const z = logitsOf(x, this.model);
    const p = softmax(z, this.temperature);
    const winner = argmax(p);
    const reach = REACH * Math.ceil(z.reduce((a, value) => Math.max(a, Math.abs(value)), REACH) / REACH);
    this.rows.forEach((row, k) => {
      row.p.bar.style.width = `${100 * p[k]}%`;
      show(row.p.value, p[k], formatProbability(p[k]));
      if (row.z) {
        const length = Math.abs(z[k]) / reach;
        Object.assign(row.z.bar.style, { width: `${50 * length}%`, marginLeft: `${50 - (z[k] < 0 ? 50 * length : 0)}%` });
        show(row.z.value, z[k], format(z[k], 1));
      }
      row.line.classList.toggle("first", k === winner);
    });
    show(this.verdict, winner, `${winner}`);
    this.paper.setAttribute("aria-label", this.isExample ? "The paper, with an example" : "The paper, with what you drew or chose");
    if (!this.compact) {
      paint(this.seen, (d) => gray(x[d]));
      this.seen.setAttribute("aria-label", "The picture that the classifier sees: 28 × 28 pixels");
      this.explain(x, z, winner);
    }
    this.report(p, winner);
  }

  // One task for the reader, checked when a change is complete: half a digit leaves many in doubt.
  // Return what the status line adds.
  challenge(p, winner) {
    const T = this.temperature;
    const meets = p && (this.compact ? T !== 1 && Math.abs(p[winner] - HALF) <= NEAR : p[winner] < HALF && !this.isExample);
    const solved = Boolean(meets) && this.pointer === undefined;
    const task = this.compact
      ? `Change the temperature, which divides every score, until the most probable digit has probability ${format(HALF)}.`
      : `Draw something that leaves it in doubt: no digit with a probability of ${format(HALF)} or more.`;
    let verdict = p ? `Now ${formatProbability(p[winner])}.` : "";
    if (solved) verdict = this.compact ? `Solved at temperature ${T}: the order stayed, only the confidence ${T > 1 ? "fell" : "rose"}.` : "Solved.";
    showChallenge(this.goal, solved, task, verdict);
    return solved ? " Challenge solved." : "";
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
    const words = `Map of the pixels: those for ${aDigit(k)} add ${format(values[0], 1)} to its logit, those against ${format(values[1], 1)}`;
    this.map.setAttribute("aria-label", words);
  }

  report(p, winner) {
    const second = argmax(p.map((value, k) => (k === winner ? -1 : value)));
    const [first] = this.marks;
    const only = this.marks.length === 1 && first.picture;
    const who = !only ? "It reads" : first.label === winner ? `It reads this ${first.label} as` : `This is ${aDigit(first.label)}, but it reads`;
    const heat = this.temperature === 1 ? "" : ` at temperature ${this.temperature}`;
    this.announce(`${who} ${aDigit(winner)}, with probability ${formatProbability(p[winner])}${heat}. Next comes ${second}, with ${formatProbability(p[second])}.${this.challenge(p, winner)}`);
  }

  showNothing() {
    const numbers = this.compact ? [] : this.parts.map(({ value }) => value);
    for (const { line, p, z } of this.rows) {
      for (const { bar, value } of z ? [p, z] : [p]) {
        bar.style.width = 0;
        numbers.push(value);
      }
      line.classList.remove("first");
    }
    for (const node of [this.verdict, ...numbers]) {
      delete node.dataset.value;
      node.textContent = "–";
    }
    this.paper.setAttribute("aria-label", "The paper, empty");
    this.challenge();
    this.announce("Draw a digit, or choose one of the test digits.");
    if (this.compact) return;
    this.mapHead.textContent = "for and against";
    this.least.textContent = "against";
    this.most.textContent = "for";
    const ground = this.color("--ground");
    paint(this.seen, () => gray(0));
    paint(this.map, () => ground);
    this.seen.setAttribute("aria-label", "The picture that the classifier sees: empty");
    this.map.setAttribute("aria-label", "Map of the pixels: empty");
  }

  // A color of the style as three numbers.
  color(name) {
    const text = getComputedStyle(this).getPropertyValue(name).trim().slice(1);
    const digits = text.length === 3 ? [...text].map((digit) => digit + digit) : text.match(/../g);
    return digits.map((pair) => parseInt(pair, 16));
  }

  static css = `
    /* On a phone, a finger has as much of the paper as there is room for. */
    .columns { display: grid; gap: 10px 12px; grid-template: "paper choice" auto "buttons buttons" auto "result result" auto "pictures pictures" auto "explanation explanation" auto / minmax(0, 1fr) 92px; }
    .paper { grid-area: paper; position: relative; padding-bottom: 22px; }
    .buttons { grid-area: buttons; margin: 0; align-content: start; }
    .choice { grid-area: choice; }
    .result { grid-area: result; min-width: 0; }
    .pictures { grid-area: pictures; }
    .explanation { grid-area: explanation; }
    .head { display: flex; align-items: center; gap: 6px; min-height: 34px; font-weight: 600; }
    canvas { display: block; border-radius: 6px; image-rendering: pixelated; forced-color-adjust: none; }
    .paper canvas { width: 100%; aspect-ratio: 1; background: #000; outline: 1px solid var(--line); outline-offset: -1px; touch-action: none; cursor: crosshair; }
    .paper .scrolls { touch-action: pan-y; }
    .hint { position: absolute; inset: 0 0 22px; display: grid; place-items: center; padding: 4px; text-align: center; line-height: 1.2; font-size: 14px; color: #c9d1d9; pointer-events: none; }
    .hint.below { inset: auto 0 0; height: 22px; padding: 0; color: var(--soft); }
    .choice .head { min-height: 22px; line-height: 22px; }
    .choice span { display: none; }
    .samples { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
    .sample { padding: 2px; min-height: 0; }
    .sample canvas { width: 100%; border-radius: 4px; pointer-events: none; }
    .pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 12px 16px; }
    .pictures canvas { width: 100%; outline: 1px solid var(--line); outline-offset: -1px; }
    .scale { height: 8px; margin-top: 8px; border-radius: 4px; background: linear-gradient(90deg, var(--c1), var(--ground), var(--c0)); forced-color-adjust: none; }
    .ends { display: flex; justify-content: space-between; margin-top: 2px; font-variant-numeric: tabular-nums; }
    select { padding: 2px 4px; min-height: 30px; font-weight: 400; }
    dl { margin: 4px 0 0; font-size: 14px; font-variant-numeric: tabular-nums; }
    dl div { display: flex; justify-content: space-between; }
    dl div:last-child { border-top: 1px solid var(--line); font-weight: 600; }
    dd { margin: 0; }
    .reading { display: flex; align-items: center; gap: 8px; }
    .verdict { min-width: 0.6em; font-size: 28px; line-height: 34px; font-weight: 600; }
    tbody tr { height: 20px; }
    td, th { padding: 0; line-height: 1.2; }
    thead th { height: 24px; }
    tbody th { width: 16px; font-weight: 400; }
    .first th, .first td { font-weight: 600; }
    .number { width: 0; padding-left: 6px; text-align: end; white-space: nowrap; }
    .number.p { min-width: 4em; }
    .number.z { min-width: 3em; padding-right: 10px; }
    .track { min-width: 30px; height: 14px; border-radius: 4px; background: var(--panel); overflow: hidden; }
    .bar { height: 100%; background: var(--c1); forced-color-adjust: none; }
    .bar.z { background: var(--c0); }
    .heat { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 8px; align-items: center; margin-top: 6px; font-size: 14px; font-weight: 600; }
    .heat input { font-weight: 400; }
    .heat input[type="range"] { --color: var(--c2); }
    .challenge { margin-top: 8px; font-size: 14px; }
    @container (max-width: 315px) {
      .columns { grid-template: "paper" auto "buttons" auto "result" auto "choice" auto "pictures" auto "explanation" auto / minmax(0, 1fr); }
      .samples { grid-template-columns: repeat(5, 1fr); }
    }
    :host([compact]) { margin-top: 0; padding: 10px; }
    @container (min-width: 560px) {
      .columns { grid-template: "paper pictures result" auto "buttons pictures result" auto "choice pictures explanation" 1fr / 230px 150px minmax(0, 1fr); gap: 10px 24px; }
      .compact { grid-template: "paper result" auto "buttons result" auto "choice result" 1fr / 240px minmax(0, 1fr); gap: 10px 24px; }
      .samples { grid-template-columns: repeat(5, minmax(24px, 40px)); justify-content: space-between; }
      .choice span { display: inline; }
      .choice .head { min-height: 34px; }
      .compact .choice .head { display: none; }
      .pictures { grid-template-columns: 1fr; align-content: start; }
      .reading { margin-inline-start: auto; }
      tbody tr { height: 25px; }
      .compact tbody tr { height: 30px; }
      .track { height: 16px; }
      :host([compact]) .sentence { min-height: 1.4em; }
    }
  `;
}

const aDigit = (k) => `${k === 8 ? "an" : "a"} ${k}`;

const gray = (value) => Array(3).fill(255 * Math.min(value, 1));

const mixed = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

// Which pixel of a sample lies under a pixel of a paper of this size.
function sampleAt(at, size) {
  const fine = size / SIDE;
  return Math.floor(at / size / fine) * SIDE + Math.floor((at % size) / fine);
}

// The first part of some strokes, of this length; undefined when it is all of them.
function beginning(strokes, length) {
  const marks = [];
  for (const [first, ...rest] of strokes) {
    const points = [first];
    marks.push({ points });
    let [x, y] = first;
    for (const [u, v] of rest) {
      const step = Math.hypot(u - x, v - y);
      if (length < step) {
        points.push([x + (length / step) * (u - x), y + (length / step) * (v - y)]);
        return marks;
      }
      points.push([u, v]);
      length -= step;
      [x, y] = [u, v];
    }
  }
  return undefined;
}

define("softmax-digit", DigitFigure);
