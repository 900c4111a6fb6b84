// The true class, the logits and the loss; what a step of descent does to each logit, as arrows; the
// Jacobian; gradient descent on the logits.

import { LiveElement, button, define, formatProbability, formatSigned, linearScale, logScale, make, scrollable, short, show, showChallenge, showEntry, slider, softmax, within } from "../core.mjs";
import { LOSSES, descend } from "./numerics.mjs";

// How each loss and the push on the logits, the negative gradient, are written.
const FORMULAS = {
  "cross-entropy": { loss: ["−log p", make("sub", {}, "t")], push: "y − p" },
  "squared error": { loss: ["½ Σ (p − y)²"], push: "J(y − p)" },
};
const MOST_STEPS = 10_000; // that an address can ask for
const RATE_STEPS = 150;
// The sliders reach to the first of these that holds every logit. Steps of the descent can lead
// beyond the largest logit that may be typed.
const REACHES = [4, 8, 16, 32, 64];

const head = (scope, text, attributes = {}) => make("th", { scope, ...attributes }, make("span", {}, text));

class GradientFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.rows = start.labels.map((name, k) => this.makeRow(name, k));
    this.rate = slider({ label: "Learning rate", scale: logScale(...this.limits.rate, RATE_STEPS), value: start.rate, origin: 0, change: (rate) => this.set({ eta: rate }) });
    this.rate.range.classList.add("rate");
    this.kinds = Object.keys(LOSSES).map((kind) => make("input", { type: "radio", name: "loss", value: kind, onchange: () => this.set({ kind }) }));
    this.formula = make("span", { class: "formula" });
    this.lossName = make("span");
    this.challenge = make("p", { class: "challenge" });
    this.loss = make("b");
    this.first = make("b");
    this.count = make("b");
    this.path = make("div", { class: "path", role: "img" });
    const controls = make("div", { role: "group", "aria-label": "True class and logits" }, make("div", { class: "head" }, "true class and logits"), ...this.rows.map((row) => row.controls));
    const arrows = make(
      "table",
      { class: "arrows" },
      make("caption", { class: "hidden" }, "Probabilities p, target y and push on each logit"),
      make("thead", {}, make("tr", {}, head("col", "class"), head("col", "p and its push", { colspan: 2 }), head("col", "y"), make("th", { scope: "col" }, make("span", {}, "push ", this.formula)))),
      make("tbody", {}, ...this.rows.map((row) => row.cells)),
    );
    const matrix = make(
      "table",
      { class: "matrix" },
      make("caption", {}, "Jacobian J = diag(p) − ppᵀ"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, make("span", { class: "hidden" }, "probability")), ...start.labels.map((name) => head("col", name, { style: `width: ${100 / (start.labels.length + 1)}%` })))),
      make("tbody", {}, ...this.rows.map((row) => make("tr", {}, head("row", row.name), ...row.slopes))),
    );
    const descent = make(
      "div",
      {},
      make("div", { class: "head" }, "gradient descent"),
      make("div", { class: "row" }, make("span", {}, "rate η"), this.rate.range, this.rate.number),
      make("div", { class: "buttons" }, button("Step", () => this.descend(1)), button("Ten steps", () => this.descend(10)), button("Reset", () => this.load(this.start))),
      this.path,
      make("p", { class: "tally" }, "loss ", this.lossName, " = ", this.loss, make("span", { class: "soft" }, "at step ", this.count, "; it was ", this.first, " at step 0")),
    );
    this.load(start);
    const kinds = this.kinds.map((radio) => make("label", {}, radio, radio.value));
    return [make("div", { class: "kinds", role: "radiogroup", "aria-label": "Loss" }, make("b", {}, "loss"), ...kinds), make("div", { class: "panels" }, controls, scrollable(arrows), descent, scrollable(matrix)), this.challenge];
  }

  makeRow(name, k) {
    const row = { name };
    row.slider = slider({
      label: `Logit of ${name}`,
      scale: linearScale(-REACHES[0], REACHES[0], 0.1),
      value: 0,
      change: (z) => {
        this.z[k] = z;
        this.restart();
      },
    });
    // A scale that changes under the hand that drags would run away, so it changes afterwards.
    for (const input of [row.slider.range, row.slider.number]) input.addEventListener("change", () => this.rescale());
    row.radio = make("input", { type: "radio", name: "target", "aria-label": `${name} is the true class`, onchange: () => this.set({ target: k }) });
    row.controls = make("div", { class: "row" }, make("label", { class: "name" }, row.radio, make("span", {}, name)), row.slider.range, row.slider.number);
    row.bar = make("div", { class: "bar" });
    row.goal = make("div", { class: "goal" });
    row.arrow = make("div", { class: "arrow" });
    row.p = make("td", { class: "p" });
    row.y = make("td");
    row.push = make("td");
    row.cells = make("tr", {}, head("row", name), make("td", { class: "rest" }, make("div", { class: "track" }, row.bar, row.goal, row.arrow)), row.p, row.y, row.push);
    row.slopes = this.start.labels.map(() => make("td", { class: "entry" }));
    return row;
  }

  load({ z, target, rate, loss = "cross-entropy", step = 0 }) {
    this.z = [...z];
    this.rate.set(rate);
    this.rescale();
    this.set({ target, kind: loss, eta: rate });
    if (step) this.descend(step);
  }

  set(change) {
    Object.assign(this, change);
    this.rows[this.target].radio.checked = true;
    for (const radio of this.kinds) radio.checked = radio.value === this.kind;
    this.restart();
  }

  // What the reader sets is a new start of the descent.
  restart() {
    this.origin = [...this.z];
    this.losses = [this.lossOf(this.z)];
    const { name } = this.rows[this.target];
    this.update(`The true class is ${name}: probability ${formatProbability(softmax(this.z)[this.target])}, loss ${formatProbability(this.losses[0])}. ${this.pushInWords()}`);
  }

  lossOf(z) {
    return LOSSES[this.kind].loss(z, this.target);
  }

  descend(steps) {
    const path = descend(LOSSES[this.kind], this.z, this.target, this.eta, steps);
    this.z = path.at(-1);
    this.losses.push(...path.slice(1).map((z) => this.lossOf(z)));
    this.rescale();
    const before = this.losses.at(-1 - steps);
    const { name } = this.rows[this.target];
    this.update(`${steps === 1 ? "One step" : `${steps} steps`} at rate ${this.eta}: the loss went from ${formatProbability(before)} to ${formatProbability(this.losses.at(-1))}. The probability of ${name} is now ${formatProbability(softmax(this.z)[this.target])}.`);
  }

  // What a step of learning rate 1 adds to each logit.
  push() {
    return LOSSES[this.kind].gradient(this.z, this.target).map((x) => -x);
  }

  pushInWords() {
    return `The push on its logit is ${formatSigned(this.push()[this.target])}.`;
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { z: this.origin, target: this.target, rate: this.eta, loss: this.kind.replace(" ", "-"), step: this.losses.length - 1 };
  }

  restore({ z = "", target, rate, loss = "cross-entropy", step = "0" }) {
    const state = { z: z.split(",").map(parseFloat), target: Number(target), rate: parseFloat(rate), loss: Object.keys(LOSSES).find((kind) => kind.replace(" ", "-") === loss), step: Number(step) };
    const valid = state.z.length === this.rows.length && state.z.every((x) => Math.abs(x) <= REACHES.at(-1)) && state.target in this.rows && within(state.rate, this.limits.rate) && state.loss && Number.isInteger(state.step) && within(state.step, [0, MOST_STEPS]);
    if (valid) this.load(state);
    return Boolean(valid);
  }

  // What is shown. --------------------------------------------------------------------------------

  rescale() {
    const largest = Math.max(...this.z.map(Math.abs));
    const reach = REACHES.find((end) => end >= largest) ?? REACHES.at(-1);
    const { logit } = this.limits;
    const from = (x) => Math.min(logit, Math.max(-logit, x));
    const scale = { ...linearScale(-reach, reach, 0.1), min: -logit, max: logit, from };
    this.rows.forEach((row, k) => {
      row.slider.set(this.z[k]);
      row.slider.rescale(scale);
      // Steps make many digits. Two are shown, all are used.
      row.slider.number.value = Number(this.z[k].toFixed(2));
    });
  }

  update(words) {
    const p = softmax(this.z);
    const push = this.push();
    this.rows.forEach((row, k) => {
      const y = Number(k === this.target);
      row.bar.style.width = `${100 * p[k]}%`;
      row.goal.style.left = `${100 * y}%`;
      row.arrow.style.left = `${100 * Math.min(p[k], p[k] + push[k])}%`;
      row.arrow.style.width = `${100 * Math.abs(push[k])}%`;
      row.arrow.classList.toggle("left", push[k] < 0);
      row.cells.classList.toggle("true", y === 1);
      row.slider.number.dataset.value = this.z[k];
      show(row.p, p[k], formatProbability(p[k]));
      show(row.y, y, String(y));
      show(row.push, push[k], formatSigned(push[k]));
      row.slopes.forEach((cell, j) => showEntry(cell, p[k] * ((k === j) - p[j]), this.limits.entry));
    });
    show(this.loss, this.losses.at(-1), formatProbability(this.losses.at(-1)));
    show(this.first, this.losses[0], formatProbability(this.losses[0]));
    show(this.count, this.losses.length - 1, String(this.losses.length - 1));
    this.formula.textContent = FORMULAS[this.kind].push;
    this.lossName.replaceChildren(...FORMULAS[this.kind].loss.map((part) => part.cloneNode?.(true) ?? part));
    this.drawPath();
    this.announce(words + this.judge(p[this.target], push[this.target]));
    this.remember(this.state());
  }

  // The challenge: a grave mistake that is not corrected. Return what the status line adds.
  judge(p, push) {
    const { challenge } = this.limits;
    const solved = p < challenge.p && push < challenge.push;
    const verdict = solved ? `Solved: squared error lets this mistake pass. Cross-entropy would push by ${formatProbability(1 - p)}.` : `Now p is ${formatProbability(p)} and the push ${formatProbability(push)}.`;
    showChallenge(this.challenge, solved, `Make the true class all but impossible, p < ${challenge.p}, and yet pushed by less than ${challenge.push}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  // The loss at each step, on a scale from 0 to the largest.
  drawPath() {
    const top = Math.max(...this.losses);
    const last = Math.max(10, this.losses.length - 1);
    const points = this.losses.map((loss, i) => [(100 * i) / last, 40 - (38 * loss) / (top || 1)]);
    this.path.innerHTML = `<svg viewBox="0 0 100 41" preserveAspectRatio="none"><polyline points="${points.join(" ")}"/></svg>`;
    const dot = make("i");
    dot.style.left = `${points.at(-1)[0]}%`;
    dot.style.top = `${points.at(-1)[1] / 0.41}%`;
    const number = (kind, words) => make("span", { class: `soft ${kind}` }, words);
    this.path.append(dot, number("top", short(top)), number("zero", "0"), number("last", `step ${last}`));
    this.path.setAttribute("aria-label", `Curve of the loss over ${this.losses.length - 1} steps`);
  }

  static css = `
    .kinds { display: flex; flex-wrap: wrap; gap: 0 18px; align-items: center; margin-top: -6px; }
    .kinds label { display: flex; gap: 7px; align-items: center; min-height: 38px; cursor: pointer; }
    .formula { white-space: nowrap; font-weight: 400; }
    .panels { display: grid; gap: 12px 28px; }
    .row { display: grid; grid-template-columns: 88px minmax(0, 1fr) 76px; gap: 8px; align-items: center; height: 48px; }
    .head, .arrows thead th { height: 34px; font-weight: 600; vertical-align: middle; }
    .arrows thead th { padding-top: 0; padding-bottom: 0; line-height: 1.1; }
    .head { display: flex; align-items: center; }
    .name { display: flex; gap: 7px; align-items: center; cursor: pointer; min-width: 0; min-height: 34px; }
    .name span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere; line-height: 1.2; }
    input[type="radio"] { width: 18px; height: 18px; margin: 0; flex: none; accent-color: var(--c2); }
    .rate { --color: var(--c2) !important; }
    tbody tr { height: 48px; }
    td, th { padding: 0 8px 0 0; }
    tbody th { font-weight: 400; }
    th span { display: block; overflow-wrap: anywhere; }
    .arrows tbody th span { width: max-content; max-width: 64px; }
    .true th, .true td { font-weight: 600; }
    td { white-space: nowrap; }
    .arrows tr > :last-child { text-align: end; padding-right: 0; min-width: 4.6em; }
    .rest { width: 100%; }
    .p { min-width: 4.5em; }
    .track { position: relative; min-width: 24px; height: 34px; background: linear-gradient(var(--panel), var(--panel)) 0 3px / 100% 14px no-repeat; }
    .bar { position: absolute; top: 3px; height: 14px; background: var(--c1); forced-color-adjust: none; }
    .goal { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: var(--edge); }
    .arrow {
      position: absolute; top: 20px; height: 12px; forced-color-adjust: none;
      /* One that is shorter than its head, 9px, is not drawn. */
      background: linear-gradient(var(--text) 0 0) no-repeat 0 / clamp(0px, (100% - 9px) * 999, 100%);
      --tip: max(0px, 100% - 9px);
      clip-path: polygon(0 40%, var(--tip) 40%, var(--tip) 0, 100% 50%, var(--tip) 100%, var(--tip) 60%, 0 60%);
    }
    .left { transform: scaleX(-1); }
    .bar, .arrow { transition: width 0.15s, left 0.15s; }
    .buttons { margin-top: 8px; }
    .path { position: relative; height: 64px; margin: 14px 0 20px 40px; border: solid var(--edge); border-width: 0 0 1px 1px; }
    .path svg { display: block; width: 100%; height: 100%; }
    .path polyline { fill: none; stroke: var(--c0); stroke-width: 2px; vector-effect: non-scaling-stroke; }
    .path span { position: absolute; line-height: 1; white-space: nowrap; }
    .path .top { right: calc(100% + 5px); top: 0; }
    .path .zero { right: calc(100% + 5px); bottom: -2px; }
    .path .last { right: 0; top: calc(100% + 5px); }
    .path i { position: absolute; width: 8px; height: 8px; margin: -4px; border-radius: 50%; background: var(--c0); forced-color-adjust: none; }
    .tally { margin: 8px 0 0; }
    .tally .soft { display: block; }
    .matrix { height: max-content; }
    .matrix caption { font-weight: 600; font-size: 15px; text-align: start; height: 34px; line-height: 34px; white-space: nowrap; }
    .matrix :is(td, th) { padding: 0; height: 40px; text-align: center; font-size: 13px; font-weight: 400; }
    .matrix tr > :first-child { text-align: start; padding: 0; }
    @container (max-width: 599px) {
      .row, tbody tr { height: 44px; }
      .matrix :is(td, th) { height: 32px; }
    }
    /* Side by side, the rows stand in line, and a class is named once to the eye. */
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
      .arrows th:first-child { padding: 0; }
      .arrows tr > th:first-child span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    }
  `;
}

define("softmax-gradient", GradientFigure);
