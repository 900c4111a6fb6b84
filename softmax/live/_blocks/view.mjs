// Attention in blocks of keys: two states merge into one. The first is of the keys so far and the
// second of a block, or each is of one of two workers.

import { LiveElement, average, button, chunks, columnAxes, define, distance, dragColumns, fitPlane, format, formatPoint, formatProbability, integerWithin, linearScale, make, moveLine, raised, scrollable, setAttributes, short, show, showChallenge, slider, softmax, stepper } from "../core.mjs";
import { collect, lse, merge, output, stateOf } from "./numerics.mjs";

// The scores, in pixels of a phone, and the plane of the values with the room around them.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, NAMES] = [340, 136, 24, 336, 12, 114, 120];
const PLANE = [320, 200];
const MARGIN = [24, 20];
const WIDE = 80; // the words at the line of the largest score
const [SMALL, LARGE] = [2, 10]; // radius of a value without weight, and with the largest

const ROWS = { mu: "largest", factor: "factor", s: "sum", a: "sum × value", lse: "log-sum-exp", o: "output", share: "share", mean: "mean ×" };
const ONLY = { mu: "blocks", factor: "blocks", s: "blocks", a: "blocks", lse: "workers", mean: "workers" };

// e^(a − b), which `raised` shows.
const power = (a, b) => `e^(${short(a)} ${b < 0 ? "+" : "−"} ${short(Math.abs(b))})`;

class BlocksFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.values = start.values;
    this.count = start.z.length;
    const { score } = this.limits;
    this.axes = columnAxes(this.count, score, [LEFT, RIGHT, TOP, BOTTOM]);
    this.size = slider({ label: "Keys in a block", scale: linearScale(1, this.count, 1), value: 1, origin: 0, change: (n) => this.resize(Math.round(n)) });
    this.steps = stepper({ label: "Blocks", change: (n) => this.go(n) });
    this.score = slider({ label: "Score of the key", scale: linearScale(-score, score, 0.1), value: 0, change: (x) => this.setScore(x) });
    this.score.range.style.setProperty("--color", "var(--c1)");
    this.key = make("select", { "aria-label": "Key", onchange: () => this.choose(this.key.selectedIndex) }, ...start.z.map((_, k) => make("option", {}, `key ${k + 1}`)));
    this.split = make("input", { type: "checkbox", onchange: () => this.onSplit() });
    this.phase = make("b");
    this.stepName = make("span", {}, "worker 1 has");
    this.next = button("", () => this.go(this.at < this.last ? this.at + 1 : 0), "primary");
    this.names = ["one", "two", "later", "now", "ring", "hollow", "cross"].map((name) => make("li", { class: name }));
    this.kept = ["the largest score", "the sum of e^(score − largest)", "the mean: the output"].map((name) => ({ name, value: make("dd") }));
    this.keeps = make("b");
    this.heads = [0, 1, 2, 3].map(() => make("th", { scope: "col" }));
    this.rows = Object.fromEntries(Object.entries(ROWS).map(([name, text]) => [name, make("tr", {}, make("th", { scope: "row" }, text), make("td"), make("td"), make("td"), make("td"))]));
    this.challenge = make("p", { class: "challenge" });
    const line = (label, { range, number }) => make("div", { class: "line" }, label, range, number);
    const legend = (...names) => make("ul", { class: "soft" }, ...names);
    const folded = (name, ...parts) => make("details", {}, make("summary", {}, name), ...parts);
    this.changes = folded("Block size, scores, two workers",
      line(make("span", {}, "block size"), this.size),
      line(this.key, this.score),
      make("label", {}, this.split, " two workers"));
    this.changes.addEventListener("toggle", () => this.update());
    this.table = folded("The numbers",
      scrollable(make("table", {}, make("caption", { class: "hidden" }, "Two states, the state of both together, and that of all keys at once"), make("thead", {}, make("tr", {}, make("td"), ...this.heads)), make("tbody", {}, ...Object.values(this.rows)))));
    const steps = line(this.next, this.steps);
    steps.prepend(this.stepName);
    const parts = [
      make("p", { class: "lead" }, `A query reads ${this.count} keys, a block at a time. Each dot is a key: its height is its `, make("b", {}, "score"), ", its place in the plane its ", make("b", {}, "value"), ". The ", make("b", {}, "output"), " is the mean of the values, weighted by e", make("sup", {}, "score"), "."),
      make("div", { class: "panels" },
        make("div", {},
          make("div", { class: "title" }, this.phase, button("Reset", () => this.load(start))),
          this.drawScores(),
          legend(...this.names.slice(0, 3)),
          steps,
          this.printed),
        make("div", { class: "results" },
          this.drawPlane(),
          legend(...this.names.slice(3)),
          make("div", { class: "kept" }, this.keeps, make("dl", {}, ...this.kept.map(({ name, value }) => make("div", {}, make("dt", {}, ...raised(name)), value))))),
        this.changes,
        this.table),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  // The two pictures. -----------------------------------------------------------------------------

  drawScores() {
    const box = make("div");
    const { score } = this.limits;
    const { center, height } = this.axes;
    box.innerHTML = `<svg class="scores" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
      ${[score, 0, -score].map((z) => `<text class="tick" x="${LEFT - 5}" y="${height(z) + 4}" text-anchor="end">${short(z)}</text>`).join("")}
      <rect class="part" y="${TOP - 8}" height="${BOTTOM - TOP + 14}" rx="3"/><path class="zero" d="M${LEFT} ${height(0)}H${RIGHT}"/>
      <path class="cuts"/><path class="stems"/><path class="max one"/><path class="max two"/>
      ${this.values.map((_, k) => `<rect class="mark"/><text x="${center(k)}" y="${NAMES + 12}" text-anchor="middle">${k + 1}</text>`).join("")}
      <text class="maxname" text-anchor="end">largest so far</text><circle class="dot" r="8"/><circle class="grip" r="22"/></svg>`;
    this.scores = box.firstChild;
    this.marks = [...box.querySelectorAll(".mark")];
    this.numbers = this.marks.map((mark) => mark.nextElementSibling);
    dragColumns(this.scores, this.axes, NAMES, (k) => this.choose(k), (z) => this.setScore(z));
    return box;
  }

  drawPlane() {
    const box = make("div");
    this.place = fitPlane(this.values, PLANE, MARGIN).place;
    box.innerHTML = `<svg class="plane" viewBox="0 0 ${PLANE.join(" ")}" role="img">
      <polyline class="path"/><g class="past"></g><line class="pull"/>
      ${this.values.map(() => `<rect class="mark"/><text></text>`).join("")}
      <circle class="whole" r="11"/><circle class="part one" r="6"/><rect class="part two" x="-5.5" y="-5.5" width="11" height="11"/>
      <path class="mean" d="M-6 -6L6 6M-6 6L6 -6"/><circle class="output" r="6.5"/></svg>`;
    this.plane = box.firstChild;
    this.discs = [...box.querySelectorAll(".mark")];
    return box;
  }

  // What the reader does. -------------------------------------------------------------------------

  load({ z, block, step = 1, key = 0, split = 0 }) {
    Object.assign(this, { z: [...z], block, at: step, chosen: key, picked: key > 0 });
    this.split.checked = split;
    this.unfold();
    this.update();
  }

  get last() {
    return Math.ceil(this.count / this.block);
  }

  // Another size, at the same place: after as many keys.
  resize(size) {
    const done = Math.min(this.at * this.block, this.count);
    this.block = size;
    this.go(Math.ceil(done / size));
  }

  go(step) {
    this.at = step;
    this.update();
  }

  // Both workers get keys, if there are blocks enough.
  onSplit() {
    this.unfold();
    const idle = this.at === 0 || this.at === this.last;
    this.go(this.split.checked && idle ? Math.floor(this.last / 2) : this.at);
  }

  // What two workers send to each other is in the table.
  unfold() {
    if (this.split.checked) this.changes.open = this.table.open = true;
  }

  // The key to drag is marked once the reader asks for one.
  get picks() {
    return this.picked || this.changes.open;
  }

  choose(k) {
    this.picked = true;
    this.chosen = k;
    this.update();
  }

  setScore(x) {
    this.z[this.chosen] = x;
    this.update();
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { z: this.z.join(","), block: this.block, step: this.at, key: this.chosen, split: Number(this.split.checked) };
  }

  restore({ z = "", ...rest }) {
    const scores = z.split(",").map(parseFloat);
    const [block, step, key, split] = ["block", "step", "key", "split"].map((name) => parseFloat(rest[name]));
    const valid = scores.length === this.count && scores.every((x) => Math.abs(x) <= this.limits.score) && integerWithin(block, [1, this.count]) && integerWithin(step, [0, Math.ceil(this.count / block)]) && integerWithin(key, [0, this.count - 1]) && integerWithin(split, [0, 1]);
    if (valid) this.load({ z: scores, block, step, key, split });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const { z, values, at, last, count } = this;
    const split = this.split.checked;
    const states = collect(z, values, this.block);
    const ends = [0, ...chunks(count, this.block).map(([, stop]) => stop)];
    const first = split ? at : Math.max(at - 1, 0); // blocks of the first state
    const [cut, end] = [ends[first], split ? count : ends[at]];
    const two = [states[first], stateOf(z, values, cut, end)];
    const together = split ? merge(...two) : states[at];
    const outputs = two.map(output);
    const both = outputs.every(Boolean);
    const shares = end ? softmax(two.map(lse)) : [0, 0];
    // Workers send their outputs and log-sum-exps, and no sums.
    const o = split && both ? average(shares, outputs) : output(together);
    const view = { split, states, ends, cut, end, two, together, outputs, both, shares, o, mean: both ? average([0.5, 0.5], outputs) : null, all: stateOf(z, values) };

    this.size.set(this.block);
    this.steps.set(at, last);
    this.key.selectedIndex = this.chosen;
    this.score.set(z[this.chosen]);
    this.phase.textContent = split ? `${at} + ${last - at} blocks` : at ? `Block ${at} of ${last}` : "Before the first block";
    this.next.textContent = at < last ? "Next block" : "Start over";
    [this.next.hidden, this.stepName.hidden] = [split, !split];
    const titles = split ? ["worker 1", "worker 2", "merged", "at once"] : ["so far", at ? `block ${at}` : "block", "together", "at once"];
    this.heads.forEach((head, i) => (head.textContent = titles[i]));
    const names = [...(split ? titles : ["read before", "this block"]).slice(0, 2), "to come", split ? "merged" : "output so far", "all at once", "each worker", "plain mean"];
    this.names.forEach((node, i) => (node.textContent = names[i]));
    this.names.forEach((node, i) => (node.hidden = [false, false, split, false, false, !split, !split][i]));

    this.showScores(view);
    this.showPlane(view);
    this.showKept(view);
    this.showTable(view);
    this.announce(`${this.sentence(view)}${split ? this.judgeMean(view) : this.judgeBlocks(view)}`);
    this.remember(this.state());
  }

  stateName(k, { cut, end }) {
    return k < cut ? "one" : k < end ? "two" : "later";
  }

  // A round mark for the first state, and a square one for the second.
  mark(node, name, x, y, r) {
    setAttributes(node, { x: x - r, y: y - r, width: 2 * r, height: 2 * r, rx: name === "two" ? 0 : r });
    node.dataset.state = name;
  }

  showScores(view) {
    const { split, ends, cut, end, two, together } = view;
    const query = (name) => this.scores.querySelector(name);
    const { left, center, height, wide } = this.axes;
    // The maximum that the score of key k is compared with.
    const above = (k) => (split ? two[Number(k >= cut)].mu : together.mu);
    setAttributes(query(".part"), { x: left(cut), width: (end - cut) * wide });
    query(".cuts").setAttribute("d", ends.slice(1, -1).map((k) => `M${left(k)} ${TOP - 4}V${BOTTOM + 4}`).join(""));
    const level = (start, stop) => (start < stop ? `M${left(start)} ${height(above(start))}H${left(stop)}` : "");
    query(".max.one").setAttribute("d", level(0, cut));
    query(".max.two").setAttribute("d", level(cut, end));
    query(".stems").setAttribute("d", this.z.slice(0, end).map((x, k) => `M${center(k)} ${height(above(k))}V${height(x)}`).join(""));
    setAttributes(query(".maxname"), { x: Math.max(left(end) - 2, LEFT + WIDE), y: end ? height(above(end - 1)) - 5 : 0, visibility: end && !split ? "visible" : "hidden" });
    this.marks.forEach((node, k) => {
      this.mark(node, this.stateName(k, view), center(k), height(this.z[k]), 4.5);
      this.numbers[k].classList.toggle("chosen", k === this.chosen && this.picks);
    });
    this.scores.classList.toggle("bare", !this.picks);
    for (const name of [".dot", ".grip"]) setAttributes(query(name), { cx: center(this.chosen), cy: height(this.z[this.chosen]) });
    this.scores.setAttribute("aria-label", `Scores of ${this.count} keys in blocks of ${this.block}: ${this.z.map((x) => short(x)).join(", ")}.`);
  }

  showPlane(view) {
    const { split, states, two, together, outputs, both, o } = view;
    const query = (name) => this.plane.querySelector(name);
    this.discs.forEach((node, k) => {
      const name = this.stateName(k, view);
      const mu = split ? two[Number(name === "two")].mu : together.mu;
      const r = SMALL + (name === "later" ? 1 : (LARGE - SMALL) * Math.exp((this.z[k] - mu) / 2)); // the area is the weight
      const [x, y] = this.place(this.values[k]);
      this.mark(node, name, x, y, r);
      const number = node.nextElementSibling;
      setAttributes(number, { x: x + r + 2, y: y - r / 2 });
      number.textContent = k + 1;
      number.classList.toggle("chosen", k === this.chosen && this.picks);
    });
    const move = (node, point) => {
      node.style.visibility = point ? "" : "hidden";
      if (point) node.style.transform = `translate(${this.place(point).map((x) => `${x}px`).join(",")})`;
    };
    move(query(".part.one"), split && outputs[0]);
    move(query(".part.two"), split && outputs[1]);
    move(query(".output"), o);
    move(query(".whole"), output(view.all));
    move(query(".mean"), split && view.mean);
    if (both) moveLine(query(".pull"), ...outputs.map(this.place));
    query(".pull").style.visibility = split && both ? "" : "hidden";
    const past = split ? [] : states.slice(1, this.at + 1).map((state) => this.place(output(state)));
    query(".path").setAttribute("points", past.join(" "));
    query(".past").innerHTML = past.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="2.5"/>`).join("");
    this.plane.setAttribute("aria-label", `Plane of the values. The output is ${o ? formatPoint(o) : "not there yet"}; over all keys it is ${formatPoint(output(view.all))}.`);
  }

  showKept({ split, end, together, o }) {
    this.keeps.parentNode.hidden = split;
    this.keeps.textContent = this.at ? `All that is kept after block ${this.at}` : "What will be kept";
    const texts = end ? [short(together.mu), format(together.s), formatPoint(o)] : ["–", "–", "–"];
    this.kept.forEach(({ value }, i) => (value.textContent = texts[i]));
  }

  showTable({ split, end, two, together, outputs, shares, o, mean, all }) {
    const number = (x, text) => {
      const node = make("span");
      show(node, x, text(x));
      return node;
    };
    const finite = (x) => (Number.isFinite(x) ? format(x) : "−∞");
    const fill = (name, entries, text = finite) =>
      entries.forEach((entry, i) => {
        this.rows[name].children[i + 1].replaceChildren(...(entry === null ? [] : [entry].flat().map((x) => number(x, text))));
      });
    const each = (of) => [...two, together, all].map(of);
    for (const key of ["mu", "s", "a"]) fill(key, each((state) => state[key]));
    fill("factor", together.factors ?? [null, null], formatProbability);
    fill("lse", each(lse));
    fill("share", shares, formatProbability);
    fill("o", [...outputs, o, output(all)]);
    fill("mean", [null, null, mean]);
    for (const [name, mode] of Object.entries(ONLY)) this.rows[name].hidden = mode !== (split ? "workers" : "blocks");
    this.rows.o.children[3].classList.toggle("same", end === this.count);
  }

  sentence({ split, end, two, together, shares, both, o }) {
    if (!end) return "No key has been read yet.";
    const done = end === this.count;
    if (split) return both ? `The workers' shares are ${shares.map(formatProbability).join(" and ")}. Their outputs merge into ${formatPoint(o)}${done ? ", as all at once" : ""}.` : `One worker has all keys. The output is ${formatPoint(o)}, as all at once.`;
    const [before, mu] = [two[0].mu, together.mu];
    const first = this.at === 1 ? "Three things are kept of the first block. Its keys and values can be forgotten." : "";
    const rises = !first && mu > before;
    const news = rises ? `Block ${this.at} raises the largest score from ${short(before)} to ${short(mu)}, so what was kept counts ${power(before, mu)} = ${formatProbability(together.factors[0])} times as much.` : `Block ${this.at} keeps the largest score${done ? "" : ", and its own sum is added to the one kept"}.`;
    const last = done ? ` Now each value has counted e^(score − ${short(mu)}) times, whichever block it was in: the output is that of all keys at once.` : "";
    return `${first || news}${last}`;
  }

  // The challenges. In blocks: a new maximum scales down all that came before. With two workers: a
  // mean counts both alike.

  judgeBlocks({ states, ends }) {
    const { share: goal } = this.limits;
    const [before, after] = states.slice(-2);
    const block = stateOf(this.z, this.values, ends.at(-2));
    const share = softmax([before, block].map(lse))[1];
    const solved = this.last > 1 && share > goal;
    const [factor] = after.factors;
    let verdict = this.last > 1 ? `Now it has ${formatProbability(share)}.` : "There is only one block.";
    if (solved) verdict = factor < 1 ? `Solved: it has ${formatProbability(share)}. Its new maximum multiplies both earlier sums by ${power(before.mu, block.mu)} = ${formatProbability(factor)}.` : `Solved: it has ${formatProbability(share)}, by many keys and without a new maximum.`;
    showChallenge(this.challenge, solved, `Let the last block take more than ${short(100 * goal)} % of the final output.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  judgeMean({ mean, o, shares }) {
    const { goal } = this.start;
    const miss = mean && distance(mean, o);
    const solved = miss > goal;
    let verdict = mean ? `Now by ${format(miss)}.` : "Each worker needs keys.";
    if (solved) verdict = `Solved: by ${format(miss)}. One worker should have a share of ${formatProbability(Math.max(...shares))}, and the mean gives it one half. The merge is still exact.`;
    showChallenge(this.challenge, solved, `Make the plain mean × of the two outputs miss by more than ${short(goal)}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 24px; }
    .lead { margin: 0 0 8px; }
    .title { display: flex; justify-content: space-between; align-items: center; }
    svg { display: block; width: 100%; max-width: 430px; margin: 0 auto; touch-action: pan-y; user-select: none; font-size: 11px; fill: var(--text); forced-color-adjust: none; }
    svg text { pointer-events: none; fill: var(--soft); }
    .scores { overflow: visible; cursor: pointer; }
    .plane { border-radius: 6px; background: var(--panel); }
    svg text.chosen { fill: var(--text); font-weight: 700; text-decoration: underline; }
    .scores .part { fill: var(--panel); stroke: var(--edge); }
    .zero { stroke: var(--line); }
    .cuts { stroke-dasharray: 2 3; stroke: var(--edge); }
    .stems { stroke: var(--edge); }
    .max { stroke: var(--text); stroke-width: 2.5; }
    .scores .maxname { fill: var(--text); font-weight: 600; }
    .bare .dot { visibility: hidden; }
    [data-state="one"] { fill: var(--c0); }
    [data-state="two"] { fill: var(--c1); }
    [data-state="later"] { fill: var(--ground); stroke: var(--edge); stroke-dasharray: 1.5 1.5; }
    .plane .mark { fill-opacity: 0.6; transition: x 0.2s, y 0.2s, width 0.2s, height 0.2s; }
    .dot { fill: none; stroke: var(--text); stroke-width: 1.5; pointer-events: none; }
    .grip { fill: transparent; cursor: ns-resize; }
    .path { fill: none; stroke: var(--text); stroke-width: 1.5; }
    .past { fill: var(--text); }
    .pull { stroke: var(--edge); stroke-dasharray: 3 3; }
    .plane :is(.part, .output, .mean) { transition: transform 0.2s; }
    .plane .part { fill: var(--ground); stroke: var(--c0); stroke-width: 3; }
    .plane .part.two { stroke: var(--c1); }
    .output { fill: var(--text); stroke: var(--panel); stroke-width: 1.5; }
    .whole { fill: none; stroke: var(--text); stroke-width: 2; }
    .mean { stroke: var(--text); stroke-width: 3; }
    ul { display: flex; flex-wrap: wrap; gap: 0 14px; margin: 4px 0; padding: 0; list-style: none; }
    li::before { content: ""; display: inline-block; width: 10px; height: 10px; margin-right: 5px; vertical-align: -1px; border-radius: 50%; background: var(--c0); forced-color-adjust: none; }
    .two::before { border-radius: 0; background: var(--c1); }
    .later::before { border: 1.5px dotted var(--edge); background: none; }
    .hollow::before { border: 2.5px solid var(--c0); background: none; }
    .kept { padding: 6px 12px; border-radius: 6px; background: var(--panel); }
    dl { margin: 0; }
    dl div { display: flex; justify-content: space-between; gap: 0 10px; }
    dd { margin: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
    details label { display: block; }
    .now::before { background: var(--text); }
    .ring::before { border: 2px solid var(--text); background: none; }
    .cross::before { content: "×"; background: none; color: var(--text); font: 700 18px/10px sans-serif; vertical-align: 0; }
    [hidden] { display: none; }
    .line { display: grid; grid-template-columns: auto minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 38px; }
    select { padding: 3px 0; }
    table { margin: 6px 0 0; }
    th, td { padding: 2px 0 2px 3px; text-align: end; font-weight: 400; line-height: 1.2; white-space: nowrap; }
    td span { display: block; }
    th:first-child { padding-left: 0; text-align: start; white-space: normal; }
    thead th { color: var(--soft); font-size: 13px; }
    td:nth-child(4) { font-weight: 600; }
    .same span:first-child::before { content: "✓ "; color: var(--c2); }
    .sentence { margin-top: 8px; min-height: 5.6em; }
    @container (max-width: 420px) { table { font-size: 13px; } }
    @container (min-width: 600px) { .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .sentence { min-height: 7em; } }
  `;
}

define("softmax-blocks", BlocksFigure);
