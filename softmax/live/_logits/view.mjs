// Scores, their exponentials laid end to end, and one bar of length 1 that the classes share. For
// three classes, the simplex beside it.

import { LiveElement, argmax, button, define, dragIn, format, formatProbability, formatTimesTen, linearScale, listed, logScale, logSoftmax, make, scrollable, short, show, showChallenge, sigmoid, slider, softmax, sum, within } from "../core.mjs";

const TEMPERATURE_STEPS = 200;
// The sliders reach to the first of these that holds every score, or to the largest one allowed.
const REACHES = [4, 8, 16, 32, 64];
const COLORS = 8; // --c0 to --c7
// The simplex: seen from its corners, in units of its side.
const HEIGHT = Math.sqrt(3) / 2;
const CORNERS = [[0, HEIGHT], [0.5, 0], [1, HEIGHT]];
const PATH_STEPS = 80;
// A dragged point stays inside: on a side of the triangle a score would be infinite.
const SMALLEST = 0.002;

// e ** x to read, also where float64 overflows or vanishes.
function formatPower(x) {
  const value = Math.exp(x);
  if (value >= 0.001 && value < 1e4) return value < 0.1 ? value.toPrecision(2) : value.toFixed(value < 1000 ? 3 : 0);
  const log = x / Math.LN10;
  let exponent = Math.floor(log);
  let digits = (10 ** (log - exponent)).toFixed(1);
  if (digits === "10.0") [digits, exponent] = ["1.0", exponent + 1];
  return formatTimesTen(digits, exponent);
}

// A probability to read. It is never 0: a small one is written by its logarithm.
const formatShare = (logP) => (logP < Math.log(0.0005) ? formatPower(logP) : formatProbability(Math.exp(logP)));

const exact = (x) => short(x, 3);

class LogitsFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.rows = [];
    this.heat = slider({
      label: "Temperature",
      scale: logScale(...this.limits.temperature, TEMPERATURE_STEPS),
      value: start.temperature,
      change: (T) => {
        this.temperature = T;
        this.update();
      },
    });
    this.list = make("div", { role: "group", "aria-label": "Scores", class: "list" });
    this.ends = ["", ""].map(() => make("span"));
    this.stairs = make("div", { class: "list" });
    this.exponent = make("sup");
    this.total = make("span", { class: "value" });
    this.whole = make("div", { class: "whole", "aria-hidden": "true" });
    this.shares = make("ul", { class: "shares", "aria-label": "Probabilities" });
    const title = (...text) => make("div", { class: "title" }, ...text);
    const stages = make("div", { class: "stages" },
      title(make("b", {}, "scores ", make("i", {}, "z")), make("span", { class: "soft" }, "drag a bar")),
      this.list,
      make("div", { class: "ends soft", "aria-hidden": "true" }, ...this.ends),
      title(make("b", {}, "temperature ", make("i", {}, "T")), make("span", { class: "soft" }, "divides every score")),
      make("div", { class: "heat" }, this.heat.range), this.heat.number,
      title(make("b", {}, make("i", {}, "e"), this.exponent), make("span", { class: "soft" }, "positive, laid end to end")),
      this.stairs,
      make("span", { class: "name" }, "sum"), make("div", { class: "ruler", "aria-hidden": "true" }), this.total,
      title(make("b", {}, "divided by the sum"), make("span", { class: "soft" }, "one whole, shared")),
      this.whole, make("span", { class: "value one" }, "1"),
      this.shares);
    this.shift = button(`Add ${this.limits.shift} to every score`, () => this.addToAll());
    this.more = button("Add a class", () => this.addClass());
    this.fewer = button("Remove a class", () => this.removeClass());
    this.challenge = make("p", { class: "challenge" });
    const parts = [
      make("div", { class: "panels" }, stages, this.simplex()),
      this.challenge,
      make("div", { class: "buttons" }, this.shift, this.more, this.fewer, button("Reset", () => this.load(start))),
      this.comparison(),
    ];
    this.load(start);
    return parts;
  }

  comparison() {
    this.table = make("tbody");
    this.pTotal = make("td");
    this.sigmoidTotal = make("td");
    const table = make("table", {},
      make("caption", { class: "hidden" }, "Softmax, argmax and sigmoid of the scores"),
      make("thead", {}, make("tr", {}, ...["class", "softmax", "argmax", "sigmoid"].map((name) => make("th", { scope: "col" }, name)))),
      this.table,
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "sum"), this.pTotal, make("td", {}, "1"), this.sigmoidTotal)));
    return make("details", {}, make("summary", {}, "Compare with argmax and sigmoid"), scrollable(table));
  }

  // Classes and scores. ---------------------------------------------------------------------------

  load({ z, temperature }) {
    while (this.rows.length > z.length) this.dropRow();
    while (this.rows.length < z.length) this.addRow();
    this.temperature = temperature;
    this.heat.set(temperature);
    this.middle = 0;
    this.setScores(z);
  }

  setScores(z) {
    this.rows.forEach((row, k) => {
      row.z = z[k];
      row.slider.set(z[k]);
    });
    this.rescale();
    this.update();
  }

  addRow() {
    const k = this.rows.length;
    const name = this.start.labels[k] ?? `class ${k + 1}`;
    const row = { name, z: 0 };
    row.slider = slider({
      label: `Score of ${name}`,
      scale: linearScale(-REACHES[0], REACHES[0], 0.1),
      value: 0,
      change: (z) => {
        row.z = z;
        this.update();
      },
    });
    // A scale that changes under the hand that drags would run away, so it changes afterwards.
    for (const input of [row.slider.range, row.slider.number]) input.addEventListener("change", () => this.rescale());
    const color = `--color: var(--c${k % COLORS})`;
    row.slider.range.setAttribute("style", color);
    const label = () => make("span", { class: "name" }, name);
    row.power = make("span", { class: "value power" });
    row.step = make("div", { class: "step", style: color });
    row.piece = make("div", { style: color });
    row.p = make("b", { class: "p" });
    row.share = make("td");
    row.first = make("td");
    row.sigmoid = make("td");
    row.parts = [
      [this.list, make("div", { class: "list" }, label(), row.slider.range, row.slider.number)],
      [this.stairs, make("div", { class: "list" }, label(), make("div", { class: "track", "aria-hidden": "true" }, row.step), row.power)],
      [this.whole, row.piece],
      [this.shares, make("li", { style: color }, make("span", { class: "swatch" }, label()), row.p)],
      [this.table, make("tr", {}, make("th", { scope: "row" }, make("span", {}, name)), row.share, row.first, row.sigmoid)],
    ];
    for (const [place, part] of row.parts) place.append(part);
    this.rows.push(row);
  }

  dropRow() {
    for (const [, part] of this.rows.pop().parts) part.remove();
  }

  addClass() {
    if (this.rows.length === this.limits.classes) return this.announce(`There is room for ${this.limits.classes} classes only.`);
    this.load({ z: [...this.scores(), this.start.z[this.rows.length] ?? 0], temperature: this.temperature });
  }

  removeClass() {
    if (this.rows.length === 1) return this.announce("The last class cannot be removed. Its probability is 1, whatever its score.");
    this.load({ z: this.scores().slice(0, -1), temperature: this.temperature });
  }

  addToAll() {
    if (this.cannotRise()) return this.announce(`The sliders end at ${this.limits.logit}. Reset to begin again.`);
    const before = this.probabilities();
    const sigmoids = this.rows.map((row) => row.sigmoid.textContent);
    this.middle += this.limits.shift;
    this.setScores(this.scores().map((z) => Number((z + this.limits.shift).toPrecision(12))));
    const moved = Math.max(...this.probabilities().map((p, k) => Math.abs(p - before[k])));
    const how = moved ? `: the largest difference is ${formatPower(Math.log(moved))}, a rounding error` : " at all";
    // Only what the reader can see in the table: beyond 7.6, a sigmoid reads 1.000 and stays so.
    const changed = this.rows.filter((row, k) => row.sigmoid.textContent !== sigmoids[k]).map((row) => row.name);
    const which = changed.length === this.rows.length ? " All sigmoids did: see the comparison." : changed.length ? ` The sigmoid of ${listed(changed)} did: see the comparison.` : "";
    this.announce(`Every score rose by ${this.limits.shift}, and no probability moved${how}.${which} The scale moved along.`);
  }

  cannotRise() {
    return Math.max(...this.scores()) + this.limits.shift > this.limits.logit;
  }

  scores() {
    return this.rows.map((row) => row.z);
  }

  probabilities() {
    return softmax(this.scores(), this.temperature);
  }

  // The scale moves along with a common shift: bars that stay where they are beside each other show
  // that only their differences count.
  rescale() {
    const { logit } = this.limits;
    const largest = Math.max(...this.scores().map((z) => Math.abs(z - this.middle)));
    const reach = REACHES.find((end) => end >= largest) ?? logit;
    if (reach === logit) this.middle = 0;
    const ends = [-reach, reach].map((end) => Math.min(logit, Math.max(-logit, this.middle + end)));
    const scale = { ...linearScale(...ends, 0.1), min: -logit, max: logit };
    for (const row of this.rows) row.slider.rescale(scale);
    this.ends.forEach((node, i) => show(node, ends[i], short(ends[i])));
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { z: this.scores(), T: this.temperature };
  }

  restore({ z = "", T = "" }) {
    const scores = z.split(",").map(parseFloat);
    const temperature = parseFloat(T);
    const valid = scores.length <= this.limits.classes && scores.every((x) => Math.abs(x) <= this.limits.logit) && within(temperature, this.limits.temperature);
    if (valid) this.load({ z: scores, temperature });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const z = this.scores();
    const T = this.temperature;
    const p = this.probabilities();
    const logP = logSoftmax(z, T);
    const first = argmax(z);
    let before = 0;
    this.exponent.replaceChildren(make("i", {}, "z"), T === 1 ? "" : `/${exact(T)}`);
    this.rows.forEach((row, k) => {
      show(row.power, Math.exp(z[k] / T), formatPower(z[k] / T));
      row.step.style.left = `min(${100 * before}%, 100% - 2px)`;
      row.piece.style.left = `${100 * before}%`;
      row.step.style.width = row.piece.style.width = `${100 * p[k]}%`;
      row.step.style.setProperty("--below", this.rows.length - 1 - k);
      before += p[k];
      for (const node of [row.p, row.share]) show(node, p[k], formatShare(logP[k]));
      show(row.first, Number(k === first), k === first ? "1" : "0");
      const s = sigmoid(z[k]);
      show(row.sigmoid, s, s < 0.0005 ? formatPower(Math.log(s)) : formatProbability(s));
    });
    const logSum = z[first] / T - logP[first];
    show(this.total, Math.exp(logSum), formatPower(logSum));
    show(this.pTotal, sum(p), "1.000");
    const sigmoids = sum(z.map(sigmoid));
    show(this.sigmoidTotal, sigmoids, format(sigmoids, 3));
    this.more.setAttribute("aria-disabled", this.rows.length === this.limits.classes);
    this.fewer.setAttribute("aria-disabled", this.rows.length === 1);
    this.shift.setAttribute("aria-disabled", this.cannotRise());
    this.drawSimplex(p);
    const words = listed(this.rows.map((row, k) => `${row.name} ${formatShare(logP[k])}`));
    this.announce(`The probabilities are ${words}. ${this.lead()}${this.judge(p)}`);
    this.remember(this.state());
  }

  // By how much the first class leads the second, as a factor of their probabilities.
  lead() {
    const [a, b] = [...this.rows].sort((one, other) => other.z - one.z);
    if (!b) return "";
    const lead = a.z - b.z;
    if (!lead) return `The scores of ${listed(this.rows.filter((row) => row.z === a.z).map((row) => row.name))} are equal, and so are their probabilities.`;
    const T = this.temperature;
    const exponent = T === 1 ? exact(lead) : `(${exact(lead)} / ${exact(T)})`;
    const factor = lead / T < 6.9 ? format(Math.exp(lead / T)) : formatPower(lead / T);
    return `Since ${a.name} leads ${b.name} by ${exact(lead)}, it is e^${exponent} = ${factor} times as probable.`;
  }

  // Say how the challenge goes, and return what the status line adds.
  judge(p) {
    const k = this.start.challenge;
    this.challenge.hidden = k === null || k >= this.rows.length;
    if (this.challenge.hidden) return "";
    const { name, z } = this.rows[k];
    const given = this.start.z[k];
    const untouched = z === given;
    const solved = untouched && p[k] >= this.limits.goal;
    const heated = this.temperature !== this.start.temperature;
    let verdict = `Now ${formatProbability(p[k])}.`;
    if (!untouched) verdict = `You moved its score: press Reset, or set it back to ${exact(given)}.`;
    if (solved) verdict = heated ? `Solved, with the help of the temperature. Can you do it at temperature ${exact(this.start.temperature)}?` : "Solved: only the differences of the scores count.";
    showChallenge(this.challenge, solved, `Make ${name} at least ${this.limits.goal} without moving its score.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  // The simplex. ----------------------------------------------------------------------------------

  simplex() {
    const points = (list) => list.map(([x, y]) => `${100 * x},${100 * y}`).join(" ");
    const middle = (a, b) => CORNERS[a].map((x, i) => (x + CORNERS[b][i]) / 2);
    const medians = [0, 1, 2].map((k) => `<polyline class="median" points="${points([CORNERS[k], middle((k + 1) % 3, (k + 2) % 3)])}"/>`);
    const corners = CORNERS.map(([x, y], k) => `<circle class="corner" cx="${100 * x}" cy="${100 * y}" r="3" style="--color: var(--c${k})"/>`);
    const names = [["start", -7, 100], ["middle", 50, -6], ["end", 107, 100]].map(([anchor, x, y]) => `<text text-anchor="${anchor}" x="${x}" y="${y}"></text>`);
    const frame = make("div");
    frame.innerHTML = `<svg viewBox="-8 -17 116 120" role="img">
      <polygon class="field" points="${points(CORNERS)}"/>${medians.join("")}<polyline class="path"/>${names.join("")}${corners.join("")}
      <g class="handle"><circle class="grip" r="12"/><circle class="point" r="4"/></g></svg>`;
    this.triangle = frame.firstChild;
    this.path = frame.querySelector(".path");
    this.point = frame.querySelector(".handle");
    this.names = [...frame.querySelectorAll("text")];
    dragIn(this.triangle, (x, y) => this.moveTo(x / 100, y / 100));
    const [low, high] = this.limits.temperature;
    const words = make("p", { class: "soft" }, `All distributions of three classes. Drag the point p. The line is its path from temperature ${low} (a corner) to ${high} (near the center).`);
    this.aside = make("div", { class: "aside" }, frame, words, make("p", { class: "soft" }, "With three classes, a triangle of all distributions is here."));
    return this.aside;
  }

  // The scores that have the probabilities of this place, with the mean that they have now: softmax
  // leaves a common shift free.
  moveTo(x, y) {
    const top = 1 - y / HEIGHT;
    const right = x - top / 2;
    const inside = [1 - top - right, top, right].map((p) => Math.max(p, SMALLEST));
    const logits = inside.map((p) => this.temperature * Math.log(p));
    const shift = (sum(this.scores()) - sum(logits)) / 3;
    const { logit } = this.limits;
    // Three digits, so that what is shown is what is used.
    this.setScores(logits.map((z) => Number(Math.min(logit, Math.max(-logit, z + shift)).toFixed(3))));
  }

  drawSimplex(p) {
    const shown = this.rows.length === 3;
    this.aside.classList.toggle("away", !shown);
    if (!shown) return;
    const place = (q) => [0, 1].map((i) => 100 * sum(q.map((share, k) => share * CORNERS[k][i])));
    const [low, high] = this.limits.temperature;
    const temperatures = Array.from({ length: PATH_STEPS + 1 }, (_, i) => low * (high / low) ** (i / PATH_STEPS));
    this.path.setAttribute("points", temperatures.map((T) => place(softmax(this.scores(), T))).join(" "));
    this.point.setAttribute("transform", `translate(${place(p)})`);
    this.names.forEach((text, k) => {
      const { name } = this.rows[k];
      text.textContent = name.length > 14 ? `${name.slice(0, 13)}…` : name;
    });
    this.triangle.setAttribute("aria-label", `Triangle of all distributions, with the point p: ${listed(this.rows.map((row, k) => `${row.name} ${formatProbability(p[k])}`))}`);
  }

  static css = `
    :host { --c5: #4d4d4d; --c6: #7b4fa3; --c7: #8c5a2b; }
    :host([data-theme="dark"]) { --c5: #c8c8c8; --c6: #b794e6; --c7: #c39a6b; }
    .panels { display: grid; gap: 12px 28px; }
    .stages { display: grid; grid-template-columns: fit-content(72px) minmax(0, 1fr) 76px; column-gap: 8px; align-items: center; }
    .list { display: contents; }
    .title { grid-column: 1 / -1; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 10px; margin-top: 6px; line-height: 26px; }
    .title:first-child { margin-top: -4px; }
    /* Words stay readable where a dotted line crosses them. */
    .title > * { position: relative; z-index: 1; background: var(--ground); }
    .name { overflow-wrap: anywhere; line-height: 1.15; }
    .stages > .list input { margin: 2px 0; }
    .ends { grid-column: 2; display: flex; justify-content: space-between; line-height: 1; font-variant-numeric: tabular-nums; }
    .heat { grid-column: 1 / 3; height: 34px; }
    .heat input { --color: var(--edge); }
    .value { font-variant-numeric: tabular-nums; font-size: 14px; text-align: end; white-space: nowrap; }
    .track { position: relative; height: 24px; }
    .step, .whole div { position: absolute; background: var(--color); transition: left 0.12s, width 0.12s; forced-color-adjust: none; }
    .step { top: 4px; height: 16px; min-width: 2px; }
    /* A dotted line leads from the end of each step down to the bar that is shared. */
    .step::after { content: ""; position: absolute; left: 100%; top: 0; height: calc(16px + var(--below) * 24px + 60px); border-left: 1px dotted var(--edge); }
    .ruler { height: 8px; border: solid var(--edge); border-width: 1px 1px 0; }
    .whole { grid-column: 2; position: relative; height: 32px; background: var(--panel); border-radius: 5px; overflow: hidden; }
    .whole div { top: 0; height: 100%; }
    .whole div + div { box-shadow: inset 2px 0 var(--ground); }
    .one { text-align: start; }
    /* Columns, so that a long number moves nothing. */
    .shares { grid-column: 1 / -1; display: grid; grid-template-columns: repeat(auto-fill, minmax(98px, 1fr)); gap: 4px 8px; margin: 8px 0 0; padding: 0; list-style: none; }
    .swatch { display: flex; align-items: center; gap: 6px; }
    .swatch::before { content: ""; flex: none; width: 12px; height: 12px; border-radius: 3px; background: var(--color); forced-color-adjust: none; }
    .p { font-variant-numeric: tabular-nums; font-size: 16px; white-space: nowrap; }
    .aside.away > :not(:last-child), .aside:not(.away) > :last-child { display: none; }
    svg { display: block; width: 100%; max-width: 230px; margin: 0 auto; touch-action: pan-y; user-select: none; font-size: 7px; font-weight: 600; fill: var(--text); }
    .field { fill: var(--panel); stroke: var(--edge); stroke-width: 0.7; }
    .median { fill: none; stroke: var(--line); stroke-width: 0.5; }
    .path { fill: none; stroke: var(--edge); stroke-width: 1.4; stroke-linejoin: round; }
    .corner { fill: var(--color); }
    .point { fill: var(--text); stroke: var(--ground); stroke-width: 1.2; pointer-events: none; }
    .grip { fill: transparent; cursor: grab; }
    .aside p { margin: 2px 0 0; }
    details { margin-top: 12px; }
    table { margin-top: 6px; }
    td, th { padding: 3px 8px 3px 0; white-space: nowrap; }
    tr > :last-child { padding-right: 0; }
    th span { display: block; width: max-content; max-width: 4.5em; overflow-wrap: anywhere; white-space: normal; }
    tbody th { font-weight: 400; }
    tfoot tr { border-top: 1px solid var(--line); }
    @container (max-width: 420px) {
      table { font-size: 13px; }
      td, th { padding-right: 6px; }
    }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) 230px; }
      .panels:has(.away) { grid-template-columns: minmax(0, 1fr); }
      .aside { align-self: center; }
    }
  `;
}

define("softmax-logits", LogitsFigure);
