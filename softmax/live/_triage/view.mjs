// Pictures of a test set by confidence: the machine decides those above a threshold, people the rest.

import { LiveElement, button, bytes, define, format, integerWithin, linearScale, make, paint, scrollable, short, show, showChallenge, slider, within } from "../core.mjs";
import { lowest, outcomes } from "./numerics.mjs";

const PARTS = { right: "decided correctly", wrong: "decided wrongly", person: "for a person" };
const whole = (n) => n.toLocaleString("en");

class TriageFigure extends LiveElement {
  build(start) {
    const { threshold, step, levels, side } = this.limits;
    this.start = start;
    this.best = lowest(start.counts, this.limits.rate);
    this.control = slider({ label: "Confidence from which the machine decides", scale: linearScale(...threshold, step), value: 0, origin: 0, change: (x) => this.use(Math.round(x / step)) });
    this.control.range.style.setProperty("--color", "var(--edge)");
    // Two pixels to a byte.
    const pixels = [...bytes(start.pictures)].flatMap((pair) => [pair >> 4, pair & levels].map((level) => (255 * level) / levels));
    this.pictures = start.truth.map((truth, i) => this.picture(i, truth, pixels.slice(i * side * side, (i + 1) * side * side)));
    this.large = make("canvas", { width: side, height: side, role: "img" });
    this.verdict = make("p");
    this.totals = this.bar();
    this.keys = Object.entries(PARTS).map(([name, words]) => ({ name, words, number: make("b"), note: make("span") }));
    this.rows = start.labels.map((label) => this.row(label));
    this.challenge = make("p", { class: "challenge" });
    const heads = [["", 1], ["test set", 1], ["decided", 1, "number"], ["this picture", 2]].map(([name, colspan, kind]) => make(name ? "th" : "td", { class: kind ?? null, scope: name ? "col" : null, colspan }, name));
    const parts = [
      make("div", { class: "line" }, make("span", {}, "The machine decides from confidence"), this.control.range, this.control.number, button("Reset", () => this.load(start))),
      this.totals.node,
      make("ul", {}, ...this.keys.map(({ name, words, number, note }) => make("li", { class: name }, number, ` ${words}`, note))),
      make("div", { class: "panels" },
        make("div", {},
          make("div", { class: "soft" }, `${this.pictures.length} of the pictures, the most confident first`),
          make("div", { class: "gallery", role: "radiogroup", "aria-label": "Pictures, the most confident first", style: `--columns: ${this.limits.columns}` }, ...this.pictures.map(({ node }) => node)),
          make("div", { class: "chosen" }, this.large, this.verdict)),
        scrollable(make("table", {}, make("thead", { class: "soft" }, make("tr", {}, ...heads)), make("tbody", {}, ...this.rows.map(({ node }) => node))))),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  // The parts. ------------------------------------------------------------------------------------

  picture(i, truth, gray) {
    const p = this.start.probabilities[i];
    const answer = this.start.answers[i];
    const canvas = make("canvas", { width: this.limits.side, height: this.limits.side, "aria-hidden": "true" });
    paint(canvas, (d) => Array(3).fill(gray[d]));
    const radio = make("input", { type: "radio", name: "picture", onchange: () => this.choose(i) });
    return { i, truth, answer, p, gray, radio, node: make("label", { class: truth === answer ? "" : "mistake" }, radio, canvas) };
  }

  bar() {
    const segments = Object.keys(PARTS).map((name) => make("span", { class: name }));
    return { segments, node: make("div", { class: "bar", "aria-hidden": "true" }, ...segments) };
  }

  row(label) {
    const bar = this.bar();
    const decided = make("td", { class: "number" });
    const length = make("div");
    const p = make("td", { class: "number p" });
    const node = make("tr", {}, make("th", { scope: "row" }, label), make("td", { class: "wide" }, bar.node), decided, make("td", { class: "wide", "aria-hidden": "true" }, make("div", { class: "track" }, length)), p);
    return { bar, decided, length, p, node };
  }

  // The state. ------------------------------------------------------------------------------------

  load({ step, picture }) {
    this.chosen = this.pictures[picture];
    this.use(step);
  }

  use(step) {
    this.step = step;
    this.control.set(step / Math.round(1 / this.limits.step));
    this.update();
  }

  choose(i) {
    this.chosen = this.pictures[i];
    this.update();
  }

  state() {
    return { c: this.control.number.value, picture: this.chosen.i };
  }

  restore({ c, picture }) {
    const step = Number(c) / this.limits.step;
    const valid = c !== "" && within(Number(c), this.limits.threshold) && picture !== "" && integerWithin(Number(picture), [0, this.pictures.length - 1]);
    if (valid) this.load({ step: Math.round(step), picture: Number(picture) });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  decides({ i }) {
    return this.start.steps[i] >= this.step;
  }

  update() {
    const result = outcomes(this.start.counts, this.step);
    const { decided, wrong, person } = result;
    const oneIn = wrong ? `1 in ${short(decided / wrong, 1)}` : "";
    this.fill(this.totals, result);
    for (const { name, number, note } of this.keys) {
      show(number, result[name], whole(result[name]));
      if (name === "wrong") note.textContent = oneIn && `: ${oneIn}`;
    }
    this.rows.forEach(({ bar, decided }, k) => {
      const one = result.classes[k];
      this.fill(bar, one);
      show(decided, one.right + one.wrong, whole(one.right + one.wrong));
    });
    this.showPictures();
    const mistakes = oneIn ? `${whole(wrong)} of these decisions are wrong, ${oneIn}` : decided ? "none of these decisions is wrong" : "so it makes no mistake";
    this.announce(`From confidence ${format(this.control.number.valueAsNumber)} on, the machine decides ${whole(decided)} of ${whole(decided + person)} pictures; ${mistakes}. A person looks at ${whole(person)}.${this.judge(result, oneIn)}`);
    this.remember(this.state());
  }

  fill({ segments }, counts) {
    const parts = Object.keys(PARTS);
    const total = parts.reduce((all, name) => all + counts[name], 0);
    segments.forEach((segment, n) => (segment.style.width = `${(100 * counts[parts[n]]) / (total || 1)}%`));
  }

  showPictures() {
    const { labels } = this.start;
    for (const picture of this.pictures) {
      const { truth, answer, p, radio, node } = picture;
      const machine = this.decides(picture);
      node.classList.toggle("machine", machine);
      radio.setAttribute("aria-label", `${labels[truth]}, read as ${labels[answer]}, ${format(p[answer])}, ${machine ? "machine" : "person"}`);
    }
    const { truth, answer, p, gray, radio } = this.chosen;
    radio.checked = true;
    paint(this.large, (d) => Array(3).fill(gray[d]));
    this.large.setAttribute("aria-label", `The chosen picture: ${labels[truth]}`);
    const [right, machine] = [truth === answer, this.decides(this.chosen)];
    const who = machine ? `The machine decides, ${right ? "correctly" : "wrongly"}.` : `A person looks${right ? "" : " and can correct it"}.`;
    this.verdict.replaceChildren("True class: ", make("b", {}, labels[truth]), ". The classifier says ", make("b", {}, labels[answer]), `, with probability ${format(p[answer])}. ${who}`);
    this.rows.forEach((row, k) => {
      row.node.classList.toggle("true", k === truth);
      row.length.style.width = `${100 * p[k]}%`;
      show(row.p, p[k], `${k === truth ? "✓ " : ""}${format(p[k])}`);
    });
  }

  // Say how the challenge goes, and return what the status line adds.
  judge({ decided, wrong, classes }, oneIn) {
    this.challenge.hidden = !this.start.challenge;
    if (this.challenge.hidden) return "";
    const { counts, labels } = this.start;
    const { rate } = this.limits;
    const solved = decided === outcomes(counts, this.best).decided;
    const all = classes.map(({ right, wrong }) => right + wrong);
    const shares = classes.map(({ person }, k) => all[k] / (all[k] + person));
    const present = [...shares.keys()].filter((k) => shares[k] >= 0).sort((j, k) => shares[j] - shares[k]);
    const [hard, easy] = [present[0], present.at(-1)];
    const unlike = easy === hard ? "" : `, among them ${whole(all[easy])} of the class ${labels[easy]}, but only ${whole(all[hard])} of the class ${labels[hard]}`;
    let verdict = decided ? "Few enough are wrong, but it could decide more." : "Now it decides nothing.";
    if (rate * wrong > decided) verdict = `Now ${oneIn} is wrong.`;
    if (solved) verdict = `Solved: it decides ${whole(decided)}${unlike}.`;
    showChallenge(this.challenge, solved, `Let the machine decide as many pictures as possible, with at most 1 wrong decision in ${rate}.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .line { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; }
    .line span { flex: 1 0 auto; max-width: 100%; }
    .line input[type="range"] { flex: 1 1 120px; width: auto; }
    .bar { display: flex; height: 16px; border-radius: 3px; overflow: hidden; background: var(--panel); forced-color-adjust: none; }
    .right { --color: var(--c0); }
    .wrong { --color: var(--c1); }
    .bar span { background: var(--color); }
    .bar .wrong { border-left: 1px solid var(--ground); }
    .person, label { --color: repeating-linear-gradient(135deg, var(--edge) 0 1px, var(--panel) 1px 5px); }
    .line + .bar { height: 20px; margin-top: 8px; }
    ul { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 6px 0 14px; padding: 0; list-style: none; }
    li::before { content: ""; display: inline-block; width: 12px; height: 12px; margin-right: 6px; border-radius: 3px; background: var(--color); forced-color-adjust: none; }
    li b, .number { font-variant-numeric: tabular-nums; }
    .panels { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px 26px; }
    .gallery { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 3px; max-width: 430px; margin-top: 4px; }
    @media (pointer: coarse) { .gallery { grid-template-columns: repeat(auto-fill, minmax(max(44px, 11%), 1fr)); gap: 2px; } }
    canvas { display: block; width: 100%; border-radius: 2px; image-rendering: pixelated; forced-color-adjust: none; }
    label { position: relative; padding: 3px; border-radius: 4px; background: var(--color); cursor: pointer; forced-color-adjust: none; }
    label canvas { filter: contrast(0.55); transition: filter 0.15s; }
    label.machine { --color: var(--c0); }
    label.machine canvas { filter: none; }
    label.machine.mistake { --color: var(--c1); }
    .mistake::after {
      content: "✕"; position: absolute; top: 0; right: 0; width: 15px; border-radius: 0 4px; background: var(--ground);
      color: var(--text); font-size: 11px; font-weight: 600; line-height: 15px; text-align: center;
    }
    label input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
    label:has(:checked) { outline: 2px solid var(--text); outline-offset: 1px; }
    label:has(:focus-visible) { outline: 3px solid var(--c0); outline-offset: 2px; }
    .chosen { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 12px; align-items: center; margin-top: 10px; }
    .chosen p { margin: 0; min-height: 5.6em; align-content: center; }
    th, td { height: 30px; padding: 2px 0 2px 10px; line-height: 1.15; }
    th { font-weight: 400; }
    thead th { vertical-align: bottom; }
    tbody th { min-width: 64px; padding-left: 0; overflow-wrap: anywhere; }
    .number { text-align: end; white-space: nowrap; }
    .wide { width: 50%; min-width: 44px; }
    .p { min-width: 52px; padding-left: 4px; }
    .track { height: 16px; border-left: 1px solid var(--edge); }
    .track div { height: 100%; background: var(--edge); border-radius: 0 3px 3px 0; forced-color-adjust: none; }
    .true .track div { background: var(--c2); }
    .true :is(th, .p) { font-weight: 600; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1.1fr); }
      tbody :is(th, td) { height: 36px; }
    }
  `;
}

define("softmax-triage", TriageFigure);
