// Logits and temperature on the left; their softmax, argmax and sigmoid on the right.

import { LiveElement, argmax, define, format, formatProbability, linearScale, listed, logScale, make, scrollable, show, sigmoid, slider, softmax } from "../core.mjs";

const SHIFT = 5;
const TEMPERATURE_STEPS = 200;
// The sliders reach to the first of these that holds every logit, or to the largest one allowed.
const REACHES = [4, 8, 16, 32, 64];

class LogitsFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.list = make("div", { role: "group", "aria-label": "Logits", class: "list" });
    this.ends = make("div", { class: "ends soft", "aria-hidden": "true" });
    this.table = make("tbody");
    this.total = make("td", { class: "p" });
    this.sigmoidTotal = make("td");
    const table = make(
      "table",
      {},
      make("caption", { class: "hidden" }, "Softmax, argmax and sigmoid of the logits"),
      make("thead", {}, make("tr", {}, ...["class", "softmax", "argmax", "sigmoid"].map((name, i) => make("th", { scope: "col", colspan: i === 1 && 2 }, make("span", {}, name))))),
      this.table,
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, make("span", {}, "sum")), make("td", { class: "wide", "aria-hidden": "true" }, "sum"), this.total, make("td", {}, "1"), this.sigmoidTotal)),
    );
    this.heat = slider({
      label: "Temperature",
      scale: logScale(...this.limits.temperature, TEMPERATURE_STEPS),
      value: start.temperature,
      origin: 0.5,
      change: (T) => {
        this.temperature = T;
        this.update();
      },
    });
    this.heat.range.classList.add("heat");
    this.shift = make("button", { type: "button", onclick: () => this.addToAll() }, `Add ${SHIFT} to every logit`);
    this.more = make("button", { type: "button", onclick: () => this.add() }, "Add a class");
    const reset = make("button", { type: "button", onclick: () => this.reset() }, "Reset");
    this.reset();
    return [
      make("div", { class: "panels" }, make("div", {}, make("div", { class: "head" }, "logits"), this.list, this.ends), scrollable(table)),
      make("div", { class: "row temperature" }, make("span", {}, "temperature"), this.heat.range, this.heat.number),
      make("div", { class: "buttons" }, this.shift, this.more, reset),
    ];
  }

  reset() {
    this.rows = [];
    this.list.replaceChildren();
    this.table.replaceChildren();
    this.start.z.forEach((z, k) => this.addRow(this.start.labels[k], z));
    this.temperature = this.start.temperature;
    this.heat.set(this.temperature);
    this.rescale();
    this.update();
  }

  addRow(name, z) {
    const row = { name, z };
    row.slider = slider({
      label: `Logit of ${name}`,
      scale: linearScale(-REACHES[0], REACHES[0], 0.1),
      value: z,
      change: (value) => {
        row.z = value;
        this.update();
      },
    });
    // A scale that changes under the hand that drags would run away, so it changes afterwards.
    for (const input of [row.slider.range, row.slider.number]) input.addEventListener("change", () => this.rescale());
    row.remove = make("button", { type: "button", class: "remove", "aria-label": `Remove ${name}`, onclick: () => this.removeRow(row) }, "×");
    row.controls = make("div", { class: "row" }, make("span", { class: "name" }, name), row.slider.range, row.slider.number, row.remove);
    row.bar = make("div", { class: "bar" });
    row.p = make("td", { class: "p" });
    row.first = make("td");
    row.sigmoid = make("td");
    row.cells = make("tr", {}, make("th", { scope: "row" }, make("span", {}, name)), make("td", { class: "rest" }, make("div", { class: "track" }, row.bar)), row.p, row.first, row.sigmoid);
    this.rows.push(row);
    this.list.append(row.controls);
    this.table.append(row.cells);
  }

  add() {
    if (this.rows.length === this.limits.classes) return this.announce(`There is room for ${this.limits.classes} classes only.`);
    const names = this.rows.map((row) => row.name);
    let number = 1;
    while (names.includes(`class ${number}`)) number += 1;
    this.addRow(`class ${number}`, 0);
    this.rescale();
    this.update();
  }

  removeRow(row) {
    if (this.rows.length === 1) return this.announce("The last class cannot be removed. Its probability is 1, whatever its logit.");
    const place = this.rows.indexOf(row);
    this.rows.splice(place, 1);
    row.controls.remove();
    row.cells.remove();
    this.rescale();
    this.update();
    this.rows[Math.min(place, this.rows.length - 1)].remove.focus();
  }

  addToAll() {
    if (this.cannotRise()) return this.announce(`The sliders end at ${this.limits.logit}. Reset to begin again.`);
    const before = this.probabilities();
    const sigmoids = this.rows.map((row) => sigmoid(row.z));
    for (const row of this.rows) row.slider.set((row.z = Number((row.z + SHIFT).toPrecision(12))));
    this.rescale();
    this.update();
    const moved = Math.max(...this.probabilities().map((p, k) => Math.abs(p - before[k])));
    const how = moved ? `: the largest difference is ${moved.toExponential(0).replace("-", "−")}, a rounding error` : " at all";
    // Beyond 37, a sigmoid is 1 in float64, and stays it.
    const rose = this.rows.every((row, k) => sigmoid(row.z) > sigmoids[k]);
    this.announce(`Every logit rose by ${SHIFT}, and no probability moved${how}.${rose ? " Each sigmoid did." : ""}`);
  }

  cannotRise() {
    return Math.max(...this.rows.map((row) => row.z)) + SHIFT > this.limits.logit;
  }

  // In size, whatever the sign.
  largest() {
    return Math.max(...this.rows.map((row) => Math.abs(row.z)));
  }

  probabilities() {
    return softmax(this.rows.map((row) => row.z), this.temperature);
  }

  rescale() {
    const { logit } = this.limits;
    const reach = REACHES.find((end) => end >= this.largest()) ?? logit;
    const scale = { ...linearScale(-reach, reach, 0.1), min: -logit, max: logit };
    for (const row of this.rows) row.slider.rescale(scale);
    this.ends.replaceChildren(...[-reach, 0, reach].map((end) => make("span", {}, format(end, 0))));
  }

  update() {
    const p = this.probabilities();
    const first = argmax(this.rows.map((row) => row.z));
    let sigmoids = 0;
    this.rows.forEach((row, k) => {
      row.bar.style.width = `${100 * p[k]}%`;
      show(row.p, p[k], formatProbability(p[k]));
      show(row.first, Number(k === first), k === first ? "1" : "0");
      row.cells.classList.toggle("first", k === first);
      const s = sigmoid(row.z);
      sigmoids += s;
      show(row.sigmoid, s, formatProbability(s));
    });
    show(this.total, p.reduce((a, b) => a + b), "1.000");
    show(this.sigmoidTotal, sigmoids, format(sigmoids, 3));
    const full = this.rows.length === this.limits.classes;
    this.more.setAttribute("aria-disabled", full);
    this.shift.setAttribute("aria-disabled", this.cannotRise());
    for (const row of this.rows) row.remove.setAttribute("aria-disabled", this.rows.length === 1);
    const words = this.rows.map((row, k) => `${row.name} ${formatProbability(p[k])}`);
    this.announce(`At temperature ${this.temperature} the probabilities are ${listed(words)}.`);
  }

  static css = `
    .panels { display: grid; gap: 20px 28px; }
    .wide { visibility: hidden; }
    .row { display: grid; grid-template-columns: 64px minmax(0, 1fr) 76px 34px; gap: 8px; align-items: center; height: 44px; }
    .head, thead th { height: 32px; font-weight: 600; vertical-align: middle; }
    thead th { font-size: 13px; }
    .head { display: flex; align-items: center; }
    .name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere; line-height: 1.2; }
    tbody th span { display: block; width: max-content; max-width: 60px; overflow-wrap: anywhere; line-height: 1.2; }
    .ends { display: grid; grid-template-columns: 1fr auto 1fr; margin: 0 126px 0 72px; }
    .ends :last-child { text-align: end; }
    .remove { padding: 0; width: 34px; font-size: 18px; line-height: 1; }
    .temperature { grid-template-columns: auto minmax(0, 1fr) 76px; margin-top: 12px; font-weight: 600; }
    .temperature input { font-weight: 400; }
    .heat { --color: var(--c2) !important; }
    tbody tr, tfoot tr { height: 44px; }
    tfoot tr { height: 32px; border-top: 1px solid var(--line); }
    td, th { padding: 0 6px 0 0; }
    tr > :last-child { padding: 0; }
    tbody th { font-weight: 400; }
    .first th, .first td { font-weight: 600; }
    .rest { width: 100%; }
    .p { min-width: 4.5em; }
    .track { min-width: 24px; height: 18px; border-radius: 4px; background: var(--panel); overflow: hidden; }
    .bar { height: 100%; background: var(--c1); transition: width 0.12s; forced-color-adjust: none; }
    /* Side by side, the rows stand in line, and a class is named once to the eye. */
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); }
      thead th { font-size: 14px; }
      th:first-child { padding: 0; }
      th:first-child span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      .wide { visibility: visible; font-weight: 600; text-align: end; }
    }
  `;
}

define("softmax-logits", LogitsFigure);
