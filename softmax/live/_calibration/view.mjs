// A reliability diagram, and a curve of the loss over the temperature that moves both.

import { LiveElement, button, bytes, define, format, logScale, make, scrollable, show, showChallenge, slider, within } from "../core.mjs";
import { judge } from "./numerics.mjs";

const SETS = ["validation", "test"];
// The diagram, in units of its drawing: the square of confidence and accuracy, the histogram below.
const [LEFT, TOP, WIDE, HIGH] = [38, 8, 266, 196];
const [FLOOR, TALL] = [246, 34];
// How wide the bar of a bin with all predictions would be. A thin one can still be seen.
const [WIDEST, THINNEST] = [50, 2.5];
// Heads of the tables. Narrow figures need the soft hyphens.
const NUMBERS = { loss: "loss", ece: "ECE", confidence: "confi\u00addence", accuracy: "accu\u00adracy" };
const BINS = { count: "predic\u00adtions", confidence: `mean ${NUMBERS.confidence}`, accuracy: NUMBERS.accuracy };

const across = (x) => LEFT + WIDE * x;
const up = (y) => TOP + HIGH * (1 - y);

class CalibrationFigure extends LiveElement {
  build(start) {
    const { temperature, steps } = this.limits;
    this.start = start;
    const scale = logScale(...temperature, steps);
    const heats = Array.from({ length: steps + 1 }, (_, i) => scale.from(i));
    this.sets = SETS.map((name) => {
      const set = { name, gaps: bytes(start[name]), classes: start.classes };
      set.losses = heats.map((T) => this.judge(set, T).loss);
      set.lowest = Math.min(...set.losses);
      set.before = this.judge(set, 1);
      set.radio = make("input", { type: "radio", name: "set", onchange: () => this.choose(set) });
      return set;
    });
    this.heat = slider({ label: "Temperature", scale, value: start.temperature, origin: scale.to(1) / steps, change: (T) => this.set(T) });
    this.challenge = make("p", { class: "challenge" });
    this.note = make("p", { class: "soft" });
    const parts = [
      make("div", { class: "panels" },
        this.buildDiagram(),
        make("div", {},
          make("div", { class: "title" }, make("b", {}, "loss"), make("span", { class: "soft" }, "lowest in the ring"), make("label", {}, make("b", {}, make("i", {}, "T")), this.heat.number)),
          this.buildCurve(),
          this.buildNumbers(),
          make("div", { class: "sets", role: "group", "aria-label": "Predictions" },
            ...this.sets.map(({ name, radio }) => make("label", {}, radio, `${name} set`)),
            button("Reset", () => this.load(start.temperature, this.sets[0]))))),
      this.challenge,
      this.buildBins(),
    ];
    this.load(start.temperature, this.sets[0]);
    return parts;
  }

  judge(set, T) {
    return judge(set, this.limits.unit, T, this.limits.bins);
  }

  // The parts. ------------------------------------------------------------------------------------

  buildDiagram() {
    const edges = Array.from({ length: this.limits.bins }, (_, b) => b / this.limits.bins);
    const ticks = [0, 0.5, 1];
    const frame = make("div", { class: "diagram" });
    frame.innerHTML = `<svg viewBox="0 0 320 264" role="img">
      ${ticks.map((x) => `<path class="grid" d="M${across(x)} ${TOP}V${up(0)}M${LEFT} ${up(x)}H${across(1)}"/><text x="${LEFT - 5}" y="${up(x) + 4}" text-anchor="end">${x}</text><text x="${across(x)}" y="${FLOOR + 14}" text-anchor="middle">${x}</text>`).join("")}
      <path class="diagonal" d="M${LEFT} ${up(0)}L${across(1)} ${TOP}"/>
      <text class="under" x="${across(0.03)}" y="${up(0.86)}">underconfident ▲</text>
      <text class="over" x="${across(0.97)}" y="${up(0.04)}" text-anchor="end">▼ overconfident</text>
      <text x="${across(0.75)}" y="${FLOOR + 14}" text-anchor="middle">confidence</text>
      <text transform="translate(10 ${up(0.5)}) rotate(-90)" text-anchor="middle">accuracy</text>
      <text x="${LEFT + 4}" y="${FLOOR - TALL + 9}">predictions</text>
      <path class="grid" d="M${LEFT} ${FLOOR}H${across(1)}"/>
      ${edges.map((x) => `<g><rect class="count" x="${across(x) + 1.5}" width="${WIDE / edges.length - 3}"/><rect class="gap"/><path class="bar"/><circle class="point" r="4.5"/></g>`).join("")}
      </svg>`;
    this.diagram = frame.firstChild;
    frame.append(make("p", { class: "soft" }, "Bar: gap (height) × share of predictions (width)"));
    this.marks = [...frame.querySelectorAll("g")].map((mark) => ({ mark, parts: [...mark.children] }));
    return frame;
  }

  buildCurve() {
    // Both sets share an axis, so that they can be compared.
    const all = this.sets.flatMap(({ losses }) => losses);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    this.height = (loss) => 92 - (84 * (loss - low)) / (high - low);
    this.curve = make("div", { class: "curve", "aria-hidden": "true" });
    this.curve.innerHTML = `<svg viewBox="0 0 100 100" preserveAspectRatio="none"><path/></svg><div class="ring"></div><div class="line"></div><div class="ball"></div>`;
    [this.path, this.ring, this.line, this.ball] = this.curve.querySelectorAll("path, div");
    // The slider reaches up to the top of the curve, whose ball looks as if it could be dragged.
    return make("div", { class: "heat" }, this.heat.range, this.curve);
  }

  buildNumbers() {
    this.numbers = Object.entries(NUMBERS).map(([what, name]) => ({ what, name, before: make("td"), now: make("td", { class: "now" }) }));
    const row = (head, cells) => make("tr", {}, make("th", { scope: "row" }, head), ...cells);
    return scrollable(make("table", { class: "numbers" },
      make("caption", { class: "hidden" }, "At temperature 1, and now"),
      make("thead", {}, make("tr", {}, make("td"), ...this.numbers.map(({ name }) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, row("T = 1", this.numbers.map(({ before }) => before)), row("now", this.numbers.map(({ now }) => now)))));
  }

  buildBins() {
    const { bins } = this.limits;
    this.rows = Array.from({ length: bins }, (_, b) => ({ b, cells: Object.keys(BINS).map((what) => ({ what, cell: make("td") })) }));
    const heads = ["bin", ...Object.values(BINS)].map((name) => make("th", { scope: "col" }, name));
    const table = make("table", { class: "bins" },
      make("caption", { class: "hidden" }, "The bins"),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...this.rows.map(({ b, cells }) => make("tr", {}, make("th", { scope: "row" }, `${b / bins}–${(b + 1) / bins}`), ...cells.map(({ cell }) => cell)))));
    return make("details", {}, make("summary", {}, "The bins as a table"), scrollable(table), this.note);
  }

  // The state. ------------------------------------------------------------------------------------

  load(T, set) {
    this.heat.set(T);
    this.temperature = T;
    set.radio.checked = true;
    this.choose(set);
  }

  set(T) {
    this.temperature = T;
    this.update();
  }

  choose(set) {
    this.chosen = set;
    this.path.setAttribute("d", `M${set.losses.map((loss, i) => `${(100 * i) / this.limits.steps} ${this.height(loss)}`).join("L")}`);
    this.place(this.ring, set.losses.indexOf(set.lowest) / this.limits.steps, set.lowest);
    this.ring.dataset.value = set.lowest;
    this.numbers.forEach(({ what, before }) => show(before, set.before[what], format(set.before[what], 3)));
    this.note.textContent = `${set.before.n.toLocaleString("en")} predictions. Each logit is rounded so that its distance from the largest one of its row is a multiple of ${this.limits.unit}.`;
    this.update();
  }

  state() {
    return { T: this.temperature, set: this.chosen.name };
  }

  restore({ T, set }) {
    const temperature = Number(T);
    const asked = this.sets.find(({ name }) => name === set);
    const valid = within(temperature, this.limits.temperature) && asked !== undefined;
    if (valid) this.load(temperature, asked);
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  place(node, at, loss) {
    Object.assign(node.style, { left: `${100 * at}%`, top: `${this.height(loss)}%` });
  }

  update() {
    const T = this.temperature;
    const result = this.judge(this.chosen, T);
    this.numbers.forEach(({ what, now }) => show(now, result[what], format(result[what], 3)));
    const at = Number(this.heat.range.style.getPropertyValue("--at"));
    for (const node of [this.ball, this.line]) this.place(node, at, result.loss);
    this.drawBins(result);
    this.rows.forEach(({ b, cells }) => {
      const bin = result.bins[b];
      for (const { what, cell } of cells) {
        if (what === "count") show(cell, bin.count, `${bin.count}`);
        else if (bin.count) show(cell, bin[what], format(bin[what], 3));
        else show(cell, NaN, "–");
      }
    });
    this.announce(`${this.describe(result)}${this.check(T, result)}`);
    this.remember(this.state());
  }

  drawBins({ bins, n }) {
    this.marks.forEach(({ mark, parts: [count, gap, bar, point] }, b) => {
      const bin = bins[b];
      mark.style.display = bin.count ? "" : "none";
      if (!bin.count) return;
      const set = (node, attributes) => Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
      const [x, y] = [across(bin.confidence), up(bin.accuracy)];
      const many = bin.count >= this.limits.few;
      const width = Math.max(many ? THINNEST : 0, (WIDEST * bin.count) / n);
      const on = up(bin.confidence);
      set(count, { y: FLOOR - (TALL * bin.count) / n, height: (TALL * bin.count) / n });
      // The bar ends where the diagram does.
      const [left, right] = [Math.max(LEFT, x - width / 2), Math.min(across(1), x + width / 2)];
      set(gap, { x: left, width: right - left, y: Math.min(y, on), height: Math.abs(y - on), class: `gap ${y > on ? "over" : "under"}` });
      set(point, { cx: x, cy: y });
      mark.classList.toggle("few", !many);
      // Two standard deviations, where there are enough predictions for it to say something.
      const reach = many ? 2 * Math.sqrt((bin.confidence * (1 - bin.confidence)) / bin.count) : 0;
      const [top, bottom] = [1, -1].map((sign) => up(Math.min(1, Math.max(0, bin.accuracy + sign * reach))));
      bar.setAttribute("d", `M${x} ${top}V${bottom}M${x - 3} ${top}h6M${x - 3} ${bottom}h6`);
    });
  }

  // In words: the fullest bin, and all of them.
  describe({ bins, n, confidence, accuracy }) {
    const fullest = bins.reduce((a, b) => (b.count > a.count ? b : a));
    const gap = confidence - accuracy;
    const overall = Math.abs(gap) < 0.01 ? "confidence and accuracy nearly agree" : `it is ${gap > 0 ? "over" : "under"}confident by ${format(gap > 0 ? gap : -gap, 3)}`;
    const words = `In its fullest bin (${fullest.count} of ${n} predictions), the mean confidence is ${format(fullest.confidence)} and the accuracy ${format(fullest.accuracy)}. Overall, ${overall}.`;
    this.diagram.setAttribute("aria-label", `Reliability diagram of the ${this.chosen.name} set. ${words}`);
    return words;
  }

  // Say how the challenge goes, and return what the status line adds.
  check(T, { ece, accuracy }) {
    const [validation, test] = this.sets;
    const above = this.judge(validation, T).loss - validation.lowest;
    const found = above < this.limits.near;
    const solved = found && this.chosen === test;
    let verdict = `The loss is now ${format(above, 3)} above its minimum.`;
    if (this.chosen === test && !found) verdict = "First choose T on the validation set.";
    if (found) verdict = "Found. Now look at the test set.";
    if (solved) verdict = `Solved: there, the ECE goes from ${format(test.before.ece, 3)} to ${format(ece, 3)}, and the accuracy stays ${format(accuracy, 3)}.`;
    showChallenge(this.challenge, solved, "Find the T with the lowest loss on the validation set. Does it help on the test set?", verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 8px 20px; }
    svg { display: block; width: 100%; }
    .diagram svg { max-width: 400px; margin: 0 auto; font-size: 12px; fill: var(--soft); }
    .diagram p { margin: 0; text-align: center; }
    .grid { stroke: var(--line); fill: none; }
    .diagonal { stroke: var(--edge); stroke-width: 1.5; stroke-dasharray: 5 4; }
    text.over, text.under { font-weight: 600; }
    .over { fill: var(--c1); }
    .under { fill: var(--c0); }
    .count { fill: var(--edge); }
    .gap { opacity: 0.75; }
    .bar { stroke: var(--text); stroke-width: 1.2; fill: none; }
    .point { fill: var(--text); stroke: var(--ground); stroke-width: 1.5; }
    .few .point { fill: var(--ground); stroke: var(--text); }
    .title { display: flex; gap: 10px; align-items: center; }
    .title label { display: flex; gap: 8px; align-items: center; margin-inline-start: auto; }
    /* The slider is below the curve and behind it, its knob as high as both. */
    .heat { display: grid; --tall: 70px; }
    .heat > * { grid-area: 1 / 1; }
    .heat input { height: calc(var(--tall) + 34px); background-position: left bottom 8px; }
    .heat input::-webkit-slider-thumb { height: calc(var(--tall) + 34px); border: 0; background: var(--knob-look); }
    .heat input::-moz-range-thumb { height: calc(var(--tall) + 34px); border: 0; background: var(--knob-look); }
    .heat input {
      --color: var(--edge);
      --knob-look: linear-gradient(var(--ground) 0 0) center bottom 6px / 8px 22px no-repeat, linear-gradient(var(--color) 0 0) center bottom 3px / 100% 28px no-repeat;
    }
    .curve { position: relative; height: var(--tall); margin: 0 calc(var(--thumb) / 2); pointer-events: none; }
    .curve svg { height: 100%; overflow: visible; }
    .curve path { fill: none; stroke: var(--c2); stroke-width: 2.5; vector-effect: non-scaling-stroke; }
    .curve div { position: absolute; forced-color-adjust: none; }
    .ball, .ring { border-radius: 50%; transform: translate(-50%, -50%); }
    .ring { width: 22px; height: 22px; border: 2px solid var(--edge); }
    .ball { width: 12px; height: 12px; background: var(--text); }
    .line { bottom: 0; border-left: 1px dotted var(--edge); }
    .numbers :is(td, tbody th) { white-space: nowrap; }
    .numbers :is(td, thead th) { padding: 2px 0 2px 6px; text-align: end; }
    .numbers thead th { font-weight: 400; }
    .now { font-weight: 600; }
    .bins :is(td, th) { padding: 2px 8px 2px 0; }
    .sets { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; margin-top: 6px; }
    .sets label { display: flex; gap: 6px; align-items: center; min-height: 34px; cursor: pointer; }
    .sets button { margin-inline-start: auto; }
    input[type="radio"] { width: 18px; height: 18px; margin: 0; accent-color: var(--c0); }
    details { margin-top: 12px; }
    .bins th { font-weight: 400; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
      .heat { --tall: 108px; }
    }
  `;
}

define("softmax-calibration", CalibrationFigure);
