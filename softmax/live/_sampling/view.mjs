// The next word of a language model: what temperature, top-k, nucleus and min-p leave of its
// distribution, and a text that is written with it.

import { LiveElement, argmax, button, define, formatProbability, linearScale, logScale, make, maximum, reducedMotion, show, showChallenge, slider, softmax, sum, within } from "../core.mjs";
import { cut, draw, following, ranked } from "./numerics.mjs";

const TEMPERATURE_STEPS = 150;
const ROWS = 10; // words with a row of their own; the others share the last one
const AXES = [0.1, 0.2, 0.3, 0.5, 0.7, 1]; // the bars reach to the first of these that holds them all
const LINE = 16; // words, unless a full stop comes sooner
const PACE = 280; // milliseconds from word to word

class SamplingFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.words = start.vocabulary;
    this.logits = start.codes.map((row) => row.map((code) => start.values[code] ?? -Infinity));
    this.rare = this.logits.map((z) => softmax(z).map((p) => p < this.limits.rare));
    this.steps = [
      ["T", "Temperature", logScale(...this.limits.temperature, TEMPERATURE_STEPS), 2 / 3, "--edge"],
      ["k", "Top-k", linearScale(1, this.words.length, 1), 1, "--c0"],
      ["p", "Top-p", linearScale(...this.limits.top_p, 0.01), 1, "--c2"],
      ["min", "Min-p", linearScale(...this.limits.min_p, 0.01), 0, "--c3"],
    ].map(([key, label, scale, origin, color]) => {
      const control = slider({ label, scale, origin, value: scale.max, change: (x) => this.set(key, x) });
      control.range.style.setProperty("--color", `var(${color})`);
      return { key, label, control, count: make("b", { class: "count" }) };
    });
    this.text = make("p", { class: "text" });
    this.spoken = make("p", { class: "hidden", "aria-live": "polite" });
    this.writer = button("Write a line", () => (this.run ? this.stop() : this.write(LINE)), "primary");
    this.context = make("mark");
    this.axis = make("span");
    this.rows = Array.from({ length: ROWS + 1 }, (_, n) => this.row(n));
    this.challenge = make("p", { class: "challenge" });
    const parts = [
      make("div", { class: "panels" },
        make("div", {},
          make("div", { class: "paper" }, this.text),
          make("p", { class: "soft" }, make("span", { class: "rare" }, "Wavy"), `: a rare word, below ${100 * this.limits.rare} % at `, make("i", {}, "T"), " = 1"),
          make("div", { class: "buttons" }, this.writer, button("One word", () => this.write(1)), button("Reset", () => this.load(start))),
          make("div", { class: "order soft" }, make("span", {}, "Applied in this order"), make("span", {}, "words left")),
          make("ol", {}, ...this.steps.map(({ key, label, control, count }) => make("li", {}, make("span", {}, ...(key === "T" ? ["temp. ", make("i", {}, "T")] : [label.toLowerCase()])), control.range, control.number, count)))),
        make("div", { role: "group", "aria-label": "Next words: probability at this temperature, and after the cuts. Choose one to write it." },
          make("div", { class: "row soft" }, make("span", { class: "name" }, "after ", this.context), make("span", { class: "axis" }, make("span", {}, "0"), this.axis), make("span", { class: "number" }, "at ", make("i", {}, "T")), make("span", { class: "number" }, "left")),
          ...this.rows.map(({ node }) => node))),
      this.challenge,
      this.spoken,
    ];
    this.load(start);
    return parts;
  }

  // A word of the chart, which can be chosen; in the last row, all words that have no other one.
  row(n) {
    const parts = { word: make("span", { class: "name" }), whole: make("div", { class: "whole" }), kept: make("div", { class: "kept" }), before: make("span", { class: "number" }), after: make("b", { class: "number after" }) };
    const { word, whole, kept, before, after } = parts;
    const content = [word, make("span", { class: "track", "aria-hidden": "true" }, whole, kept), before, after];
    const choose = () => {
      this.stop();
      this.append(this.shown[n]);
    };
    return { ...parts, node: n < ROWS ? make("button", { type: "button", class: "row", onclick: choose }, ...content) : make("div", { class: "row" }, ...content) };
  }

  load({ temperature, k = this.words.length, p = 1, min = 0, text, seed }) {
    this.stop();
    this.said = [...text];
    this.seed = seed;
    this.settings = { T: temperature, k, p, min };
    for (const { key, control } of this.steps) control.set(this.settings[key]);
    this.update();
  }

  set(key, x) {
    this.settings[key] = key === "k" ? Math.round(x) : x;
    if (this.settings.k !== x && key === "k") this.steps[1].control.set(this.settings.k);
    this.update();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop();
  }

  // Writing. --------------------------------------------------------------------------------------

  // Write words until one of them is a full stop. Another button, a choice or a reset ends it, too.
  // After a quick click, the word that is being drawn is written first: no click is lost.
  async write(count) {
    if (this.run?.drawn?.left === this.left) this.put(this.run.drawn);
    this.stop();
    const run = (this.run = { line: [] });
    this.writer.textContent = "Stop";
    // For a reader who wants no motion, the words come at once.
    const goesOn = async () => {
      if (!reducedMotion()) await new Promise((done) => setTimeout(done, PACE / 2));
      return run === this.run;
    };
    for (let n = 0; n < count && (n === 0 || (await goesOn())); n++) {
      const seed = following(this.seed);
      const { left } = this;
      const next = draw(left, seed / 2 ** 32);
      const row = this.shown.indexOf(next);
      run.drawn = { left, next, seed };
      this.rows.at(row).node.classList.add("drawn"); // -1 is the last row, the one of many words
      if (!(await goesOn())) return;
      if (this.left !== left) {
        n--; // the distribution changed under the draw
        continue;
      }
      this.put(run.drawn);
      if (this.words[next] === ".") break;
    }
    if (run === this.run) this.stop();
  }

  put({ next, seed }) {
    this.seed = seed;
    this.run.line.push(this.words[next]);
    this.append(next);
  }

  stop() {
    if (this.run?.line.length) this.spoken.textContent = this.run.line.join(" ");
    this.run = null;
    this.writer.textContent = "Write a line";
  }

  append(next) {
    this.said = [...this.said, next].slice(-this.limits.memory);
    this.update();
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    return { ...this.settings, seed: this.seed, text: this.said.map((i) => encodeURIComponent(this.words[i])).join("+") };
  }

  restore({ text = "", ...rest }) {
    const said = text.split(" ").map((word) => this.words.indexOf(word));
    const [temperature, k, p, min, seed] = ["T", "k", "p", "min", "seed"].map((key) => parseFloat(rest[key]));
    const { limits } = this;
    const valid = within(temperature, limits.temperature) && k % 1 === 0 && within(k, [1, this.words.length]) && within(p, limits.top_p) && within(min, limits.min_p) && seed >>> 0 === seed && said.length <= limits.memory && !said.includes(-1);
    if (valid) this.load({ temperature, k, p, min, seed, text: said });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const context = this.said.at(-1);
    const z = this.logits[context];
    const { tempered, p, by, counts } = cut(z, this.settings);
    this.left = p;
    const possible = ranked(z).filter((i) => z[i] > -Infinity);
    this.shown = possible.slice(0, ROWS);
    const rest = possible.slice(ROWS);
    const groups = [...this.shown.map((i) => [i]), ...Array(ROWS - this.shown.length).fill([]), rest];
    const bars = groups.map((group) => [tempered, p].map((q) => sum(group.map((i) => q[i]))));
    const largest = maximum(bars.flat());
    const end = AXES.find((x) => x >= largest) ?? 1;
    this.axis.textContent = end;
    this.context.textContent = this.words[context];
    this.steps.forEach(({ count }, n) => show(count, counts[n], counts[n]));
    this.rows.forEach((row, n) => {
      const group = groups[n];
      const [before, after] = bars[n];
      const cuts = new Set(group.map((i) => by[i]));
      const taken = !cuts.size || cuts.has("") ? "" : cuts.size > 1 ? "cut" : by[group[0]];
      row.node.style.visibility = group.length ? "" : "hidden";
      row.node.dataset.cut = taken;
      row.node.classList.remove("drawn");
      row.word.textContent = n < ROWS ? this.words[group[0]] ?? "" : `${rest.length} more`;
      row.whole.style.width = `${(100 * before) / end}%`;
      row.kept.style.width = `${(100 * after) / end}%`;
      show(row.before, before, formatProbability(before));
      show(row.after, after, taken || formatProbability(after));
    });
    this.showText();
    const best = argmax(p);
    this.announce(`After “${this.words[context]}”, ${counts.at(-1)} of ${possible.length} words ${counts.at(-1) === 1 ? "is" : "are"} left. The most probable is “${this.words[best]}”, ${formatProbability(p[best])}.${this.judge()}`);
    this.remember(this.state());
  }

  showText() {
    const parts = this.said.map((i, n) => {
      const rare = n > 0 && this.rare[this.said[n - 1]][i];
      const tag = n === this.said.length - 1 ? "mark" : "span";
      return [n > 0 && this.words[i] !== "." ? " " : "", make(tag, { class: rare ? "rare" : null }, this.words[i])];
    });
    this.text.replaceChildren(...parts.flat());
  }

  // Say how the challenge goes, and return what the status line adds.
  judge() {
    this.challenge.hidden = !this.start.challenge;
    if (this.challenge.hidden) return "";
    const cuts = this.logits.map((z) => cut(z, this.settings).by);
    const after = (isWrong) => cuts.filter((by, row) => by.some((name, i) => isWrong(name, this.rare[row][i], this.logits[row][i]))).length;
    const missed = after((name, rare, logit) => rare && !name && logit > -Infinity);
    const lost = after((name, rare) => !rare && name);
    const { heat } = this.limits;
    const hot = this.settings.T >= heat;
    const solved = hot && !missed && !lost;
    let verdict = hot ? `Rare words survive after ${missed} of the ${cuts.length} words; common ones are cut after ${lost}.` : `Now T is ${this.settings.T}.`;
    if (solved) verdict = "Solved: min-p compares each word with the best one, however sure the model is.";
    showChallenge(this.challenge, solved, `At temperature ${heat} or more, cut all rare words and no others, whatever the word before.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 12px 24px; }
    /* A border, not a padding: older lines, which leave at the top, would be seen in it. */
    .paper {
      display: flex; flex-direction: column; justify-content: flex-end; height: 112px; overflow: hidden;
      border: solid var(--panel); border-width: 8px 12px; border-radius: 6px; background: var(--panel); font: 17px/24px Georgia, serif;
    }
    .text { margin: 0 0 auto; }
    mark { padding: 0 3px; border-radius: 3px; background: color-mix(in srgb, var(--c4) 35%, transparent); color: var(--text); }
    .rare { text-decoration: underline wavy 1px var(--c1); text-underline-offset: 2px; }
    .panels p.soft { margin: 4px 0 0; }
    .buttons { margin-top: 8px; }
    .order { display: flex; justify-content: space-between; margin-top: 8px; }
    ol { margin: 0; padding: 0; list-style: none; }
    li { display: grid; grid-template-columns: 56px minmax(0, 1fr) 64px 24px; gap: 8px; align-items: center; margin-top: 2px; white-space: nowrap; }
    li input[type="number"] { width: 64px; }
    .count { text-align: end; font-variant-numeric: tabular-nums; }
    .row {
      display: grid; grid-template-columns: 68px minmax(0, 1fr) 66px 66px; gap: 4px; align-items: center; width: 100%; height: 24px; min-height: 0;
      padding: 0; border: 0; border-radius: 4px; background: none; text-align: start; font-size: 14px;
    }
    @media (pointer: coarse) { .row:not(.soft) { height: 44px; } }
    .row.soft { font-size: 13px; height: auto; align-items: end; line-height: 1.2; padding-bottom: 2px; }
    .drawn { box-shadow: 0 0 0 2px var(--c4); }
    .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .number { text-align: end; font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .axis { display: flex; justify-content: space-between; }
    .track { position: relative; height: 18px; border-left: 1px solid var(--edge); }
    .track div { position: absolute; left: 0; height: 100%; transition: width 0.12s; forced-color-adjust: none; }
    .kept { background: var(--c1); border-radius: 0 3px 3px 0; }
    /* Cut: hollow and hatched, in the color of the cut. */
    .whole { border: 1px solid var(--color, var(--edge)); border-left: 0; background: repeating-linear-gradient(135deg, var(--color, var(--edge)) 0 1px, transparent 1px 5px); }
    [data-cut="top-k"] { --color: var(--c0); }
    [data-cut="top-p"] { --color: var(--c2); }
    [data-cut="min-p"] { --color: var(--c3); }
    [data-cut]:not([data-cut=""]) .name { text-decoration: line-through; }
    [data-cut]:not([data-cut=""]) .after { font-weight: 400; }
    @container (max-width: 420px) { .paper { height: 88px; } }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
      .row { height: 28px; }
    }
  `;
}

define("softmax-sampling", SamplingFigure);
