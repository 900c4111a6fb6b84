// One logit is nudged: streams of probability between the classes, and the Jacobian with its
// prediction beside the true change.

import { LiveElement, button, define, format, formatEntry, formatProbability, formatScientific, linearScale, listed, make, scrollable, show, showChallenge, showEntry, slider, softmax, sum } from "../core.mjs";

// The picture of the streams, in pixels of a phone: a whole of probability is HEIGHT, between two
// classes there is room for their labels, and BEFORE, AFTER and TRUE are the left sides of the bars.
const [WIDTH, HEIGHT, GAP, TOP] = [320, 116, 25, 22];
const [BEFORE, AFTER, TRUE, BAR] = [100, 232, 245, 9];
const SMALLEST = 0.01; // step that halving leads to

// An error to read: a quarter of it looks like one, however small it is.
const formatError = (x) => (x ? `${x > 0 ? "+" : ""}${formatScientific(x)}` : "0");

// How much probability goes from class i to class k, to first order in the step.
export function flows(p, target, step) {
  const flow = p.map(() => p.map(() => 0));
  p.forEach((share, i) => {
    if (i === target) return;
    const [from, to] = step > 0 ? [i, target] : [target, i];
    flow[from][to] = share * p[target] * Math.abs(step);
  });
  flow.forEach((row, i) => (row[i] = p[i] - sum(row)));
  return flow;
}

class JacobianFigure extends LiveElement {
  build(start) {
    this.start = start;
    const { logit, step } = this.limits;
    this.rows = start.labels.map((name, k) => this.makeRow(name, k, linearScale(-logit, logit, 0.1)));
    this.step = slider({ label: "Step", scale: linearScale(-step, step, 0.01), value: 0, change: (step) => this.set({ step }) });
    this.take = button("Step", () => this.takeStep());
    this.half = button("Halve Δz", () => this.halve());
    this.picture = make("div", { class: "picture" });
    this.challenge = make("p", { class: "challenge" });
    const controls = make("div", { class: "controls", role: "group", "aria-label": "Logits, and the one that is nudged" },
      make("div", {}, make("b", {}, "logits ", make("i", {}, "z")), make("span", { class: "soft" }, " mark the one to nudge")),
      ...this.rows.map((row) => row.controls),
      make("div", { class: "row", style: "--color: var(--edge)" }, make("b", {}, "nudge Δ", make("i", {}, "z")), this.step.range, this.step.number));
    const parts = [
      make("div", { class: "panels" }, controls, this.picture,
        make("div", { class: "task" }, make("div", { class: "buttons" }, this.take, this.half, button("Reset", () => this.load(start))), this.challenge),
        this.tables()),
    ];
    this.load(start);
    return parts;
  }

  makeRow(name, k, scale) {
    const row = { name };
    row.slider = slider({ label: `Logit of ${name}`, scale, value: 0, change: (z) => this.set({ z: this.moment.z.map((x, i) => (i === k ? z : x)) }) });
    row.radio = make("input", { type: "radio", name: "target", "aria-label": `Nudge the logit of ${name}`, onchange: () => this.set({ target: k }) });
    row.controls = make("div", { class: "row", style: `--color: var(--c${k})` }, make("label", { class: "name" }, row.radio, make("span", {}, name)), row.slider.range, row.slider.number);
    row.entries = this.start.labels.map(() => make("td", { class: "entry" }));
    for (const kind of ["predicted", "moved", "error"]) row[kind] = make("td", { class: kind });
    return row;
  }

  // As in the book, a row for each probability and a column for each logit. The changes have a table
  // of their own, which fits below on a phone.
  tables() {
    const head = (scope, text) => make("th", { scope }, make("span", {}, text));
    const table = (caption, corner, names, cells) => {
      const heads = names.map((name) => head("col", name));
      const sums = names.map(() => make("td", { class: "sum" }));
      const table = make("table", {},
        make("caption", {}, caption),
        make("thead", {}, make("tr", {}, head("col", corner), ...heads)),
        make("tbody", {}, ...this.rows.map((row) => make("tr", {}, head("row", row.name), ...cells(row)))),
        make("tfoot", {}, make("tr", {}, head("row", "sum"), ...sums)));
      return [scrollable(table), heads, sums];
    };
    const { labels } = this.start;
    const [matrix, heads, sums] = table("J: the slope of each p (row) in each z (column)", "∂p/∂z", labels, (row) => row.entries);
    const [changes, , totals] = table("The change of each p", "Δp", ["J Δz", "true", "error"], (row) => [row.predicted, row.moved, row.error]);
    this.sums = [...sums, ...totals];
    // The column of each logit, from its name to its sum.
    this.columns = heads.map((name, j) => [name, ...this.rows.map((row) => row.entries[j]), sums[j]]);
    return make("div", { class: "tables" }, matrix, changes);
  }

  // State. ----------------------------------------------------------------------------------------

  load({ z, target, step }) {
    z.forEach((x, k) => this.rows[k].slider.set(x));
    this.rows[target].radio.checked = true;
    this.step.set(step);
    this.set({ z, target, step });
  }

  set(change) {
    Object.assign(this.moment ??= {}, change);
    this.update();
  }

  takeStep() {
    const { z, target, step } = this.moment;
    if (this.isAtEnd()) return this.announce(`The sliders end at ${this.limits.logit}.`);
    this.load({ z: z.map((x, k) => (k === target ? Number((x + step).toPrecision(12)) : x)), target, step });
  }

  isAtEnd() {
    const { z, target, step } = this.moment;
    return Math.abs(z[target] + step) > this.limits.logit;
  }

  halve() {
    const { z, target, step } = this.moment;
    const smaller = Number((step / 2).toPrecision(3));
    if (Math.abs(smaller) < SMALLEST) return this.announce(`This figure takes no steps smaller than ${SMALLEST}.`);
    const before = this.largestError();
    this.load({ z, target, step: smaller });
    const after = this.largestError();
    this.announce(`Half the step: the largest error went from ${formatScientific(before)} to ${formatScientific(after)}, a factor of ${format(before / after, 1)}.`);
  }

  largestError() {
    return Math.max(...this.rows.map((row) => Math.abs(row.error.dataset.value)));
  }

  // The address.

  state() {
    return this.moment;
  }

  restore({ z = "", target, step }) {
    const state = { z: z.split(",").map(parseFloat), target: Number(target), step: parseFloat(step) };
    const { limits, start } = this;
    const valid = state.z.length === start.z.length && state.z.every((x) => Math.abs(x) <= limits.logit) && state.target in start.z && Math.abs(state.step) <= limits.step;
    if (valid) this.load(state);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const { z, target, step } = this.moment;
    const p = softmax(z);
    const after = softmax(z.map((x, k) => (k === target ? x + step : x)));
    const J = p.map((share, i) => p.map((other, j) => share * ((i === j) - other)));
    const predicted = J.map((row) => row[target] * step);
    const moved = after.map((share, k) => share - p[k]);
    const error = moved.map((change, k) => change - predicted[k]);
    this.rows.forEach((row, i) => {
      row.entries.forEach((cell, j) => showEntry(cell, J[i][j], this.limits.entry));
      for (const [kind, numbers] of Object.entries({ predicted, moved, error })) show(row[kind], numbers[i], kind === "error" ? formatError(numbers[i]) : formatEntry(numbers[i]));
    });
    // What rounding leaves of a sum is not shown.
    const columns = [...J.map((_, j) => J.map((row) => row[j])), predicted, moved, error];
    this.sums.forEach((cell, k) => show(cell, sum(columns[k]), "0"));
    this.columns.forEach((cells, j) => cells.forEach((cell) => cell.classList.toggle("lit", j === target)));
    this.take.setAttribute("aria-disabled", this.isAtEnd());
    this.half.setAttribute("aria-disabled", Math.abs(step) < 2 * SMALLEST);
    const words = this.tell(predicted, moved);
    this.draw(flows(p, target, step), moved, after, words);
    this.announce(`${words}${this.judge(J)}`);
    this.remember(this.moment);
  }

  // The nudge in words.
  tell(predicted, moved) {
    const { target, step } = this.moment;
    const { name } = this.rows[target];
    if (!step) return `The logit of ${name} stays where it is, and nothing moves.`;
    const shares = listed(this.rows.flatMap((row, k) => (k === target ? [] : `${formatProbability(Math.abs(predicted[k]))} ${step > 0 ? "from" : "to"} ${row.name}`)));
    const sizes = [predicted, moved].map((change) => formatProbability(Math.abs(change[target])));
    return `By the Jacobian, ${name} ${step > 0 ? "gains" : "loses"} ${sizes[0]}: ${shares}. The true change is ${sizes[1]}.`;
  }

  // The challenge is about the slope of the class that is nudged at the start.
  judge(J) {
    const k = this.start.target;
    const { name } = this.rows[k];
    const slope = J[k][k];
    const solved = slope >= this.limits.goal;
    const verdict = solved ? `Solved: ¼, where p is ½. Softmax responds most where it is undecided.` : `Now ${formatProbability(slope)}.`;
    showChallenge(this.challenge, solved, `Make the slope ∂p/∂z of ${name} as large as it can be.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  draw(flow, moved, after, words) {
    const before = flow.map(sum);
    const expected = flow.map((_, k) => sum(flow.map((row) => row[k])));
    const tops = (shares) => shares.map((_, k) => TOP + k * GAP + HEIGHT * sum(shares.slice(0, k)));
    const [left, right, truth] = [before, expected, after].map(tops);
    const [start, end] = [BEFORE + BAR, AFTER];
    const middle = (start + end) / 2;
    const bars = [];
    const streams = [];
    const tips = [];
    const text = (x, y, anchor, words, kind = "") => `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
    flow.forEach((row, i) => {
      const color = `style="--color: var(--c${i})"`;
      for (const [x, y, share] of [[BEFORE, left[i], before[i]], [AFTER, right[i], expected[i]], [TRUE, truth[i], after[i]]]) {
        bars.push(`<rect x="${x}" y="${y}" width="${BAR}" height="${Math.max(1, HEIGHT * share)}" ${color}/>`);
      }
      bars.push(text(BEFORE - 6, left[i] + (HEIGHT * before[i]) / 2 + 5, "end", "", "name"));
      bars.push(text(TRUE + BAR + 6, truth[i] + (HEIGHT * after[i]) / 2 + 5, "start", formatEntry(moved[i]), "change"));
      row.forEach((share, k) => {
        const size = HEIGHT * share;
        const y = left[i] + HEIGHT * sum(row.slice(0, k));
        const to = right[k] + HEIGHT * sum(flow.slice(0, i).map((other) => other[k]));
        if (share) streams.push(`<path class="${i === k ? "stays" : "moves"}" data-value="${share}" ${color} d="M${start},${y}C${middle},${y} ${middle},${to} ${end},${to}v${size}C${middle},${to + size} ${middle},${y + size} ${start},${y + size}z"/>`);
        if (i !== k && size > 0.1) tips.push(`<path class="tip" d="M${end - 10},${to + size / 2 - 6}l10,6l-10,6z"/>`);
      });
    });
    const heads = [text(BEFORE + BAR / 2, 12, "middle", "p"), text(AFTER + BAR - 3, 12, "end", "p + J Δz"), text(TRUE - 1, 12, "start", "true")];
    this.picture.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + GAP * (flow.length - 1) + 8}" role="img">${[...heads, ...streams, ...bars, ...tips].join("")}</svg>`;
    this.picture.firstChild.setAttribute("aria-label", words);
    this.picture.querySelectorAll(".name").forEach((node, k) => {
      const { name } = this.rows[k];
      node.textContent = `${name.length > 7 ? `${name.slice(0, 5)}…` : name} ${formatProbability(before[k])}`;
    });
  }

  static css = `
    .panels { display: grid; gap: 10px 24px; }
    .tables { display: grid; gap: 10px 24px; align-items: end; }
    .task { order: 1; }
    .buttons { margin: 0; }
    .challenge { margin-top: 10px; }
    .row { display: grid; grid-template-columns: 88px minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 38px; }
    .name { display: flex; gap: 7px; align-items: center; cursor: pointer; min-width: 0; min-height: 34px; }
    .name span { overflow-wrap: anywhere; line-height: 1.15; }
    input[type="radio"] { width: 18px; height: 18px; margin: 0; flex: none; accent-color: var(--text); }
    .row input[type="range"] { --color: inherit; }
    svg { display: block; width: 100%; max-width: 420px; margin: 0 auto; font-size: 13px; font-variant-numeric: tabular-nums; fill: var(--text); }
    rect, .moves, .stays { fill: var(--color); forced-color-adjust: none; }
    .stays { opacity: 0.2; }
    .moves { opacity: 0.8; stroke: var(--color); stroke-width: 0.6; }
    .tip { stroke: var(--ground); stroke-width: 1; }
    td, th { padding: 0; height: 28px; text-align: center; white-space: nowrap; font-size: 13px; }
    th span { display: inline-block; max-width: 5.5em; overflow-wrap: anywhere; white-space: normal; line-height: 1.15; }
    th:first-child { text-align: start; font-weight: 400; width: 4.4em; }
    .entry { border-width: 1px; }
    caption { font-size: 13px; color: var(--soft); text-align: start; }
    thead th { font-weight: 400; }
    .lit { border: solid var(--text); border-width: 0 2px; }
    th.lit { border-top-width: 2px; font-weight: 600; }
    .sum.lit { border-bottom-width: 2px; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1.1fr); }
      .task { order: 0; }
      .picture { grid-area: 1 / 2 / span 2; }
      .tables { grid-column: 1 / -1; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); }
    }
  `;
}

define("softmax-jacobian", JacobianFigure);
