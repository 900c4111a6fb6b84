// The three ways to softmax and to the loss, step by step, in a format of the reader's choice.

import { LiveElement, button, define, formatScientific, listed, logScale, logSoftmax, make, numberField, scrollable, show, showChallenge, slider, within } from "../core.mjs";
import { FORMATS, exponentEnds, threeWays } from "./numerics.mjs";

const SCALE_STEPS = 120;
const WAYS = ["naive", "shifted", "log-softmax"];
// What e^x is in a part of the line of exponents: a word of `trouble`, and what the reader reads.
const PARTS = [["vanished", "0"], ["subnormal", "subnormal"], ["", "normal"], ["overflow", "inf"]];
// The line goes beyond the exponents whose exponential is finite and not 0, by this share of both.
const BEYOND = 0.3;

// Four digits to read, or three and a power of ten.
function formatFloat(x) {
  if (Number.isNaN(x)) return "NaN";
  const size = Math.abs(x);
  const sign = x < 0 ? "−" : "";
  if (size === Infinity) return `${sign}inf`;
  if (size === 0) return "0";
  if (size >= 1e5 || size < 1e-3) return sign + formatScientific(size, 2);
  return sign + String(Number(size.toPrecision(4)));
}

// What went wrong with a number, in a word. `zero` says whether it may be 0 in truth.
function trouble(x, { zero = false, infinite = "overflow" }, smallestNormal) {
  if (Number.isNaN(x)) return "invalid";
  if (!Number.isFinite(x)) return infinite;
  if (x === 0) return zero ? "" : "vanished";
  return Math.abs(x) < smallestNormal ? "subnormal" : "";
}

class PrecisionFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.types = Object.keys(FORMATS).map((type) => {
      const radio = make("input", { type: "radio", name: "type", onchange: () => this.set({ type }) });
      return { type, radio, label: make("label", {}, radio, type) };
    });
    const { logit } = this.limits;
    this.logits = start.labels.map((name, k) =>
      numberField({
        label: `Logit of ${name}, before scaling`,
        min: -logit,
        max: logit,
        change: (given) => this.set({ z: this.state.z.map((z, j) => (j === k ? given : z)) }),
      }),
    );
    this.minus = make("input", { type: "checkbox", onchange: () => this.set({ negative: this.minus.checked }) });
    this.size = slider({ label: "Scale", scale: logScale(...this.limits.scale, SCALE_STEPS), value: 1, origin: 0, change: (size) => this.set({ size }) });
    this.target = make("select", { "aria-label": "True class", onchange: () => this.set({ target: this.target.selectedIndex }) }, ...start.labels.map((name) => make("option", {}, name)));
    this.truth = make("b");
    this.losses = WAYS.map((name) => ({ number: make("b"), name }));
    for (const loss of this.losses) loss.cell = make("div", {}, make("span", { class: "soft" }, loss.name), loss.number);
    this.parts = PARTS.map(([kind, words]) => make("div", { class: kind }, words === "subnormal" ? "" : words));
    [this.marks, this.shiftedMarks] = [0, 1].map(() => make("div", { class: "marks" }, ...start.z.map(() => make("i"))));
    this.challenge = make("p", { class: "challenge" });
    const reset = button("Reset", () => this.reset());
    const table = make(
      "table",
      {},
      make("caption", { class: "hidden" }, "The steps of three ways to the loss"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "class"), ...WAYS.map((way) => make("th", { scope: "col" }, way)))),
      ...this.sections(),
    );
    this.reset();
    return [
      make("div", { class: "bar", role: "radiogroup", "aria-label": "Type" }, make("span", { class: "title" }, "type"), ...this.types.map(({ label }) => label)),
      make("div", { class: "bar", role: "group", "aria-label": "Logits before scaling" }, make("span", { class: "title" }, "logits"), ...this.logits.map(({ number }) => number)),
      make("div", { class: "row" }, make("span", { class: "title" }, "scale"), this.size.range, this.size.number),
      make("div", { class: "losses", "aria-hidden": "true" }, make("span", { class: "title" }, "loss"), ...this.losses.map(({ cell }) => cell)),
      make("p", { class: "truth" }, "The true loss, in float64 from the logits: ", this.truth),
      make("div", { class: "line", "aria-hidden": "true" },
        make("span", {}, "z"), this.marks,
        make("span", {}, "e", make("sup", {}, "x")), make("div", { class: "parts" }, ...this.parts),
        make("span", {}, "z − max z"), this.shiftedMarks),
      this.challenge,
      make("div", { class: "bar" }, make("label", {}, this.minus, "negative"), make("label", {}, "true class", this.target), reset),
      scrollable(table),
    ];
  }

  // One part of the table for each step. `pick` takes its numbers from what a way computed.
  sections() {
    const names = this.start.labels;
    const parts = [
      { title: "exponent: z, or shifted: z − max z", names, zero: true, pick: (way) => way.exponents },
      { title: "its exponential", names, pick: (way) => way.exponentials },
      { names: ["sum"], pick: (way) => [way.sum] },
      { title: "probability p; in the last column log p", names, infinite: "infinite", pick: (way) => way.results },
      { names: ["loss"], infinite: "infinite", final: true, pick: (way) => [way.losses[this.state.target]] },
    ];
    this.cells = [];
    return parts.map(({ title, names, final, ...part }) => {
      const body = make("tbody", { class: final ? "final" : null });
      if (title) body.append(make("tr", {}, make("th", { colspan: 4, scope: "rowgroup", class: "soft" }, title)));
      names.forEach((name, k) => {
        const numbers = WAYS.map(() => ({ number: make("span"), word: make("small") }));
        const cells = numbers.map(({ number, word }) => make("td", {}, make("div", {}, number, word)));
        numbers.forEach((one, way) => this.cells.push({ ...part, ...one, way, k, cell: cells[way] }));
        body.append(make("tr", {}, make("th", { scope: "row" }, make("span", {}, name)), ...cells));
      });
      return body;
    });
  }

  reset() {
    this.load(this.start);
  }

  load({ z, dtype, scale, target }) {
    this.state = { z, type: dtype, size: Math.abs(scale), negative: scale < 0, target };
    this.logits.forEach((field, k) => field.set(z[k]));
    this.types.find(({ type }) => type === dtype).radio.checked = true;
    this.size.set(this.state.size);
    this.minus.checked = this.state.negative;
    this.target.selectedIndex = target;
    this.update();
  }

  restore({ z = "", type, scale, target }) {
    const state = { z: z.split(",").map(parseFloat), dtype: type, scale: parseFloat(scale), target: Number(target) };
    const valid = state.z.length === this.start.z.length && state.z.every((x) => Math.abs(x) <= this.limits.logit) && Object.hasOwn(FORMATS, type) && within(Math.abs(state.scale), this.limits.scale) && state.target in state.z;
    if (valid) this.load(state);
    return valid;
  }

  set(change) {
    Object.assign(this.state, change);
    this.update();
  }

  update() {
    const { type, size, negative, target } = this.state;
    const exact = this.state.z.map((x) => x * (negative ? -size : size));
    const z = exact.map(FORMATS[type].round);
    const ways = threeWays(z, FORMATS[type]);
    for (const { cell, number, word, pick, way, k, ...may } of this.cells) {
      const x = pick(ways[way])[k];
      show(number, x, formatFloat(x));
      word.textContent = trouble(x, may, FORMATS[type].smallestNormal);
      cell.className = word.textContent;
    }
    const loss = -logSoftmax(exact)[target];
    show(this.truth, loss, formatFloat(loss));
    this.losses.forEach(({ cell, number }, way) => {
      show(number, ways[way].losses[target], formatFloat(ways[way].losses[target]));
      cell.className = trouble(ways[way].losses[target], { infinite: "infinite" }, 0);
    });
    this.drawLine(z, ways[1].exponents);
    const losses = ways.map((way, i) => `${formatFloat(way.losses[target])} by ${WAYS[i]}`);
    this.announce(`In ${type} the logits are ${listed(z.map(formatFloat))}. The loss is ${listed(losses)}.${this.judge(ways[0].losses[target], loss)}`);
    this.remember({ z: this.state.z, type, scale: negative ? -size : size, target });
  }

  // Where z and z − max z lie among the exponents that the format can raise e to. What is beyond the
  // line is at its end.
  drawLine(z, shifted) {
    const ends = exponentEnds(FORMATS[this.state.type]);
    const [low, high] = [(1 + BEYOND) * ends[0], (1 + BEYOND) * ends[2]];
    const at = (x) => Math.min(1, Math.max(0, (x - low) / (high - low)));
    [low, ...ends, high].forEach((x, i, all) => i && (this.parts[i - 1].style.width = `${100 * (at(x) - at(all[i - 1]))}%`));
    [[this.marks, z], [this.shiftedMarks, shifted]].forEach(([marks, numbers]) => numbers.forEach((x, k) => (marks.children[k].style.left = `${100 * at(x)}%`)));
  }

  // The challenge: an error that no inf and no NaN gives away. Return what the status line adds.
  judge(naive, truth) {
    const error = naive === truth ? 0 : Math.abs(naive / truth - 1); // both may be 0
    const finite = Number.isFinite(naive);
    const solved = finite && error >= this.limits.goal;
    let verdict = finite ? `Now it is off by ${formatFloat(100 * error)} %.` : `Now it is ${formatFloat(naive)}.`;
    if (solved) verdict = `Solved: ${formatFloat(naive)} in place of ${formatFloat(truth)}, and nothing warns you.`;
    showChallenge(this.challenge, solved, `Make the naive loss wrong by ${100 * this.limits.goal} % or more, but not NaN or infinite.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .bar { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; min-height: 44px; }
    label { display: flex; gap: 6px; align-items: center; min-height: 34px; cursor: pointer; }
    .title { font-weight: 600; }
    .row { display: grid; grid-template-columns: auto minmax(0, 1fr) 92px; gap: 18px; align-items: center; min-height: 44px; }
    .row input[type="number"] { width: 92px; }
    input:is([type="radio"], [type="checkbox"]) { width: 18px; height: 18px; margin: 0; accent-color: var(--c0); }
    .bar input[type="number"] { flex: 0 1 76px; min-width: 0; }
    select { max-width: 9em; }
    table { margin-top: 10px; font-size: 13px; }
    th, td { padding: 2px 0 2px 3px; vertical-align: top; line-height: 26px; }
    thead th { width: 27%; }
    th:first-child { width: 19%; padding: 6px 0 2px; line-height: 1.3; }
    th span { display: block; width: max-content; max-width: 5em; overflow-wrap: anywhere; }
    td span { white-space: nowrap; }
    thead th { vertical-align: bottom; border-bottom: 1px solid var(--edge); line-height: 1.3; padding: 0 0 6px 11px; }
    tbody th { font-weight: 400; }
    [scope="rowgroup"] { padding-top: 10px !important; border-top: 1px solid var(--line); }
    tbody:nth-of-type(1) [scope="rowgroup"] { border: 0; }
    td div {
      display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 8px; padding: 0 3px; border-radius: 5px; border-left: 4px solid var(--mark, transparent);
      background: color-mix(in srgb, var(--mark, transparent) 18%, transparent);
    }
    small { font-size: 13px; line-height: 20px; }
    .final :is(th, td) { border-top: 1px solid var(--edge); font-weight: 600; padding-top: 6px; padding-bottom: 6px; }
    .overflow, .infinite { --mark: var(--c1); }
    .invalid { --mark: var(--c3); }
    .vanished { --mark: var(--c4); }
    .subnormal { --mark: var(--c2); }
    .losses { display: grid; grid-template-columns: auto repeat(3, minmax(0, 1fr)); gap: 6px; align-items: center; min-height: 48px; }
    .losses div { padding: 2px 6px; border-left: 4px solid var(--mark, var(--line)); border-radius: 5px; background: color-mix(in srgb, var(--mark, transparent) 18%, transparent); }
    .losses b, .losses .soft { display: block; overflow-wrap: anywhere; }
    .truth { margin: 4px 0; }
    .line { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 10px; align-items: center; font-size: 14px; }
    .marks { position: relative; height: 20px; margin: 0 6px; }
    .marks i { position: absolute; top: 4px; width: 12px; height: 12px; margin-left: -6px; border: 2px solid var(--ground); border-radius: 50%; background: var(--text); forced-color-adjust: none; }
    .parts { display: flex; margin: 0 6px; }
    .parts div { height: 24px; line-height: 24px; overflow: hidden; text-align: center; white-space: nowrap; font-size: 13px; background: color-mix(in srgb, var(--mark, var(--edge)) 40%, var(--ground)); forced-color-adjust: none; }
    .parts div + div { border-left: 1px solid var(--ground); }
    @container (min-width: 600px) { table { font-size: 14px; } .bar { column-gap: 20px; } .title { min-width: 48px; } th:first-child { width: 16%; } th span { max-width: 10em; } }
  `;
}

define("softmax-precision", PrecisionFigure);
