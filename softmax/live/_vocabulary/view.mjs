// A loss in chunks of the vocabulary: the logits of one chunk exist at a time, two running numbers
// remember the earlier ones, and a second pass computes the chunks again for the gradient.

import { LiveElement, button, chunks, columnAxes, define, dragColumns, format, formatProbability, formatSigned, integerWithin, linearScale, make, reducedMotion, scrollable, setAttributes, short, show, showChallenge, slider, stepper } from "../core.mjs";
import { collect, gradient } from "./numerics.mjs";

// The drawing, in pixels of a phone: logits, words, and below them the gradient.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, NAMES, MIDDLE, REACH] = [340, 266, 24, 336, 10, 132, 140, 234, 26];
const PACE = 650; // milliseconds from chunk to chunk

class VocabularyFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.labels = start.labels;
    this.target = start.target;
    this.count = start.z.length;
    const { logit } = this.limits;
    this.axes = columnAxes(this.count, logit, [LEFT, RIGHT, TOP, BOTTOM]);
    this.drawing = this.draw();
    dragColumns(this.drawing, this.axes, NAMES, (k) => this.choose(k), (z) => this.setLogit(z));
    this.size = slider({ label: "Words in a chunk", scale: linearScale(1, this.count, 1), value: 1, origin: 0, change: (n) => this.rechunk(Math.round(n)) });
    this.step = stepper({ label: "Step", change: (n) => this.go(n) });
    this.logit = slider({ label: "Logit of the word", scale: linearScale(-logit, logit, 0.1), value: 0, change: (x) => this.setLogit(x) });
    this.logit.range.style.setProperty("--color", "var(--c1)");
    this.word = make("select", { "aria-label": "Word", onchange: () => this.choose(this.word.selectedIndex) }, ...this.labels.map((label) => make("option", {}, label)));
    this.play = button("Play", () => (this.timeout ? this.stop() : this.run()), "primary");
    this.play.hidden = reducedMotion();
    this.phase = make("b");
    this.meters = ["memory", "work"].map((name) => ({ name, fill: make("div"), number: make("span", { class: "number" }) }));
    this.cells = { chunked: {}, whole: {} };
    const keys = { m: "m", s: "s", total: "m + log s", loss: "loss" };
    const row = (name, cells) => make("tr", {}, make("th", { scope: "row" }, name), ...Object.keys(keys).map((key) => (cells[key] = make("td"))));
    const line = (label, control, ...rest) => make("div", { class: "line" }, label, control.range, control.number, ...rest);
    this.challenge = make("p", { class: "challenge" });
    const table = make("table", {},
      make("caption", { class: "hidden" }, "Running numbers after this chunk, and those of all logits at once"),
      make("thead", {}, make("tr", {}, make("td"), ...Object.values(keys).map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, row("in chunks", this.cells.chunked), row("at once", this.cells.whole)));
    const parts = [
      make("div", { class: "panels" },
        make("div", {},
          make("div", { class: "title" }, this.phase, make("span", { class: "soft" }, "drag a logit")),
          this.drawing,
          make("p", { class: "soft keys" }, make("span", { class: "key now" }, "in memory"), make("span", { class: "key gone" }, "thrown away"), make("span", { class: "key later" }, "not yet computed"))),
        make("div", {},
          line(make("span", {}, "chunk size"), this.size),
          line(make("span", {}, "step"), this.step),
          make("div", { class: "buttons" }, this.play, button("Step", () => this.go(this.at === this.last ? 0 : this.at + 1)), button("Reset", () => this.load(start))),
          make("div", { class: "meters" }, ...this.meters.map(({ name, fill, number }) => make("div", { class: "meter" }, make("span", {}, name), make("span", { class: `track ${name}`, "aria-hidden": "true" }, fill), number))),
          scrollable(table),
          line(this.word, this.logit))),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  draw() {
    const box = make("div");
    const { logit } = this.limits;
    const { center, height } = this.axes;
    const column = (k) => `<g class="column"><rect class="bar"/><rect class="slope"/><text transform="translate(${center(k) + 4},${NAMES}) rotate(-90)" text-anchor="end"></text></g>`;
    box.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
      ${[logit, 0, -logit].map((z) => `<text class="tick" x="${LEFT - 5}" y="${height(z) + 4}" text-anchor="end">${short(z)}</text>`).join("")}
      <rect class="chunk" y="${TOP - 6}" height="${HEIGHT - TOP + 4}" rx="3"/>
      <path class="zero" d="M${LEFT} ${height(0)}H${RIGHT}M${LEFT} ${MIDDLE}H${RIGHT}"/>
      <text class="tick" x="${LEFT - 5}" y="${MIDDLE + 4}" text-anchor="end">0</text>
      <text class="tick" x="${LEFT - 5}" y="${MIDDLE + REACH + 4}" text-anchor="end">−1</text>
      <path class="cuts"/>
      ${this.labels.map((_, k) => column(k)).join("")}<path class="max"/><text class="maxname" text-anchor="end">m</text>
      <text class="about" x="${RIGHT}" y="${MIDDLE - REACH + 2}" text-anchor="end"></text>
      <circle class="dot" r="5"/><circle class="grip" r="22"/></svg>`;
    const drawing = box.firstChild;
    this.columns = [...drawing.querySelectorAll(".column")].map((node, k) => {
      const [bar, slope, name] = node.children;
      name.textContent = this.labels[k];
      return { node, bar, slope };
    });
    this.columns[this.target].node.classList.add("target");
    return drawing;
  }

  load({ z, chunk, step = 1, word = this.target }) {
    this.stop();
    this.z = [...z];
    this.chunk = chunk;
    this.at = step;
    this.chosen = word;
    this.update();
  }

  // What the reader does. -------------------------------------------------------------------------

  get last() {
    return 2 * Math.ceil(this.count / this.chunk);
  }

  // Another size, at the same place: after as many words.
  rechunk(size) {
    const done = this.computed();
    this.stop();
    this.chunk = size;
    const pass = done > this.count ? 1 : 0;
    this.at = pass * (this.last / 2) + Math.ceil((done - pass * this.count) / size);
    this.update();
  }

  go(step) {
    this.stop();
    this.at = step;
    this.update();
  }

  run() {
    if (this.at === this.last) this.at = 0;
    this.play.textContent = "Pause";
    const next = () => {
      this.at += 1;
      this.update();
      if (this.at === this.last) this.stop();
      else this.timeout = setTimeout(next, PACE);
    };
    this.timeout = setTimeout(next, PACE / 2);
  }

  stop() {
    clearTimeout(this.timeout);
    this.timeout = null;
    this.play.textContent = "Play";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop();
  }

  choose(k) {
    this.chosen = k;
    this.update();
  }

  setLogit(x) {
    this.z[this.chosen] = x;
    this.update();
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { z: this.z.join(","), chunk: this.chunk, step: this.at, word: this.chosen };
  }

  restore({ z = "", chunk, step, word }) {
    const state = { z: z.split(",").map(parseFloat), chunk: parseFloat(chunk), step: parseFloat(step), word: parseFloat(word) };
    const valid = state.z.length === this.count && state.z.every((x) => Math.abs(x) <= this.limits.logit) && integerWithin(state.chunk, [1, this.count]) && integerWithin(state.step, [0, 2 * Math.ceil(this.count / state.chunk)]) && integerWithin(state.word, [0, this.count - 1]);
    if (valid) this.load(state);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  // The number of logits computed so far, in both passes.
  computed() {
    const passes = this.last / 2;
    const full = Math.floor(this.at / passes);
    return full * this.count + Math.min((this.at - full * passes) * this.chunk, this.count);
  }

  update() {
    const parts = chunks(this.count, this.chunk);
    const passes = parts.length;
    const second = this.at > passes;
    const states = collect(this.z, this.chunk);
    const now = states[Math.min(this.at, passes)];
    const [whole] = collect(this.z, this.count).slice(-1);
    const loss = whole.total - this.z[this.target];
    const known = this.at >= passes; // the log-sum-exp of all words
    const slopes = gradient(this.z, this.target, now.total);
    const index = second ? this.at - passes - 1 : this.at - 1;
    const [from, to] = this.at ? parts[index] : [0, 0];

    this.size.set(this.chunk);
    this.step.set(this.at, this.last);
    this.word.selectedIndex = this.chosen;
    this.logit.set(this.z[this.chosen]);
    this.phase.textContent = this.at ? `${second ? "Second pass" : "First pass"}: chunk ${index + 1} of ${passes}` : "Before the first chunk";

    const { left, center, height, wide } = this.axes;
    const query = (name) => this.drawing.querySelector(name);
    setAttributes(query(".chunk"), { x: left(from), width: (to - from) * wide });
    query(".cuts").setAttribute("d", parts.slice(1).map(([start]) => `M${left(start)} ${TOP}V${MIDDLE + REACH}`).join(""));
    const seen = second ? this.count : to;
    query(".max").setAttribute("d", seen ? `M${LEFT} ${height(now.m)}H${left(seen)}` : "");
    setAttributes(query(".maxname"), { x: left(seen) - 2, y: seen ? height(now.m) - 4 : 0 });
    query(".maxname").style.visibility = seen ? "" : "hidden";
    this.columns.forEach(({ node, bar, slope }, k) => {
      const [y, zero] = [height(this.z[k]), height(0)];
      const box = { x: left(k) + 0.15 * wide, width: 0.7 * wide };
      setAttributes(bar, { ...box, y: Math.min(y, zero), height: Math.max(Math.abs(y - zero), 1) });
      const done = second && k < to;
      const depth = done ? -slopes[k] * REACH : 0;
      setAttributes(slope, { ...box, y: MIDDLE + Math.min(depth, 0), height: Math.abs(depth) });
      bar.dataset.state = k >= from && k < to ? "now" : k < from ? "gone" : "later";
      if (second && k >= to) bar.dataset.state = "gone";
      if (done) slope.dataset.value = slopes[k];
      else delete slope.dataset.value;
      node.classList.toggle("chosen", k === this.chosen);
    });
    for (const name of [".dot", ".grip"]) setAttributes(query(name), { cx: center(this.chosen), cy: height(this.z[this.chosen]) });

    query(".about").textContent = `gradient p − y${second ? "" : ": the second pass fills it in"}`;

    const work = this.computed();
    const amounts = [[to - from, this.count], [work, 2 * this.count]];
    this.meters.forEach(({ fill, number }, i) => {
      const [amount, most] = amounts[i];
      fill.style.width = `${(100 * amount) / most}%`;
      show(number, amount, `${amount} of ${most} logits`);
    });
    const { chunked, whole: all } = this.cells;
    const number = (cell, value) => show(cell, value, Number.isFinite(value) ? format(value, 3) : "−∞");
    ["m", "s", "total"].forEach((key) => {
      number(chunked[key], now[key]);
      number(all[key], whole[key]);
    });
    show(all.loss, loss, format(loss, 3));
    if (known) show(chunked.loss, now.total - this.z[this.target], format(now.total - this.z[this.target], 3));
    else show(chunked.loss, NaN, "…");
    chunked.loss.classList.toggle("same", known);

    const slope = (k) => `${this.labels[k]} ${formatSigned(slopes[k])}`;
    let sentence = this.at ? `${this.phase.textContent}. So far m is ${format(now.m)} and s is ${format(now.s)}.` : "Nothing is computed yet.";
    if (known) sentence = `The loss of ${this.labels[this.target]} is ${format(loss, 3)}, as all at once, with ${this.chunk} logit${this.chunk === 1 ? "" : "s"} in memory.`;
    if (second) sentence += ` Gradient: ${slope(this.target >= from && this.target < to ? this.target : from)}.`;
    this.drawing.setAttribute("aria-label", `Logits of ${this.count} words in chunks of ${this.chunk}. ${this.phase.textContent}. The largest so far is ${Number.isFinite(now.m) ? format(now.m) : "−∞"}.`);
    this.announce(sentence + this.judge(states));
    this.remember(this.state());
  }

  // The challenge: a new maximum scales the old sum down.
  judge(states) {
    const fall = states.findIndex(({ s }, k) => k > 0 && s < states[k - 1].s);
    const solved = fall > 0;
    let verdict = "Now it only grows.";
    if (solved) {
      const [before, after] = [states[fall - 1], states[fall]];
      verdict = `Solved: chunk ${fall} brings a new maximum, so the old sum is multiplied by e^(${short(before.m)} − ${after.m < 0 ? `(${short(after.m)})` : short(after.m)}) = ${formatProbability(Math.exp(before.m - after.m))}. Still, m + log s rises.`;
    }
    showChallenge(this.challenge, solved, "Make the sum s fall from one chunk to the next.", verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 24px; }
    .title { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 10px; align-items: baseline; }
    svg { display: block; width: 100%; max-width: 430px; margin: 0 auto; touch-action: pan-y; user-select: none; font-size: 11px; fill: var(--text); overflow: visible; cursor: pointer; }
    svg text { pointer-events: none; }
    .tick, .about { fill: var(--soft); }
    .about { stroke: var(--ground); stroke-width: 4; paint-order: stroke; }
    .chunk { fill: var(--panel); stroke: var(--edge); }
    .zero, .cuts { fill: none; stroke: var(--line); }
    .cuts { stroke-dasharray: 2 3; }
    .bar { stroke: var(--c1); stroke-width: 1.3; fill: transparent; forced-color-adjust: none; }
    [data-state="now"] { fill: var(--c1); }
    [data-state="gone"] { stroke: var(--edge); }
    [data-state="later"] { stroke: var(--edge); stroke-dasharray: 1.5 2; }
    .slope { fill: var(--c2); forced-color-adjust: none; }
    .max { fill: none; stroke: var(--c0); stroke-width: 2.5; forced-color-adjust: none; }
    .maxname { fill: var(--c0); font: italic 600 13px serif; }
    .target text { font-weight: 700; text-decoration: underline; }
    .chosen text { fill: var(--c1); }
    .dot { fill: var(--ground); stroke: var(--c1); stroke-width: 2.5; pointer-events: none; }
    .grip { fill: transparent; cursor: ns-resize; }
    .keys { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 2px 0 0; }
    .key::before { content: ""; display: inline-block; width: 9px; height: 11px; margin-right: 5px; vertical-align: -1px; border: 1.5px solid var(--edge); forced-color-adjust: none; }
    .now.key::before { background: var(--c1); border-color: var(--c1); }
    .later.key::before { border-style: dotted; }
    .line, .meter { display: grid; grid-template-columns: 84px minmax(0, 1fr) 76px; gap: 8px; align-items: center; min-height: 38px; }
    .line select { width: 84px; padding: 3px 0; }
    .buttons { margin: 4px 0 8px; }
    .primary { min-width: 74px; }
    button[hidden] { display: none; }
    .meter { grid-template-columns: 84px minmax(0, 1fr) auto; min-height: 26px; }
    .number { min-width: 108px; font-size: 13px; font-variant-numeric: tabular-nums; text-align: end; white-space: nowrap; }
    .track { position: relative; height: 14px; border: 1px solid var(--edge); border-radius: 3px; overflow: hidden; }
    .track div { height: 100%; background: var(--c1); transition: width 0.15s; forced-color-adjust: none; }
    .work div { background: var(--c5); }
    /* So much is computed all at once. */
    .work::after { content: ""; position: absolute; inset: 0 auto 0 50%; border-left: 2px solid var(--text); }
    table { margin: 8px 0; }
    th, td { padding: 3px 0 3px 8px; text-align: end; vertical-align: bottom; }
    td, th { white-space: nowrap; }
    th:first-child { padding-left: 0; text-align: start; font-weight: 400; }
    thead th { font-weight: 400; color: var(--soft); font-size: 13px; }
    .same::before { content: "✓ "; color: var(--c2); }
    @container (max-width: 420px) { table, thead th { font-size: 13px; } th, td { padding-left: 5px; } }
    @container (min-width: 600px) { .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
  `;
}

define("softmax-vocabulary", VocabularyFigure);
