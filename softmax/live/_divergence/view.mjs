// A true and a predicted distribution to drag, the surprisal of each class as a block, and the mean
// as a bar: the entropy, and the divergence on top of it.

import { LiveElement, button, define, format, linearScale, listed, make, short, show, showChallenge, slider, sum } from "../core.mjs";
import { crossEntropy, divergence, surprisals, withShare } from "./numerics.mjs";

const KINDS = { y: "True", p: "Predicted" };
const formatNats = (x) => (x === Infinity ? "∞" : format(x, 3));
const italic = (text) => make("i", {}, text);

class DivergenceFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.rows = start.labels.map((name, k) => this.row(name, k));
    const number = () => make("b", { class: "nats" });
    [this.total, this.extra, this.least, this.reverse] = [number(), number(), number(), number()];
    [this.entropy, this.divergence, this.level] = ["entropy", "divergence", "level"].map((name) => make("div", { class: name }));
    this.challenge = make("p", { class: "challenge" });
    const key = (name) => make("span", { class: `key ${name}` });
    const term = (value, ...name) => make("div", {}, make("span", {}, ...name), value);
    const kl = (a, b) => ["KL(", italic(a), " ‖ ", italic(b), ")"];
    const { nats } = this.limits;
    const ticks = Array.from({ length: nats + 1 }, (_, n) => make("span", { style: `bottom: ${(100 * n) / nats}%` }, String(n)));
    const parts = [
      make("div", { class: "panels" },
        make("div", { class: "controls" },
          make("div", { class: "heads" }, make("span", {}, key("entropy"), italic("y"), ": what happens"), make("span", { class: "soft" }, "drag ", italic("p"), ", then ", italic("y")), make("span", {}, key("divergence"), italic("p"), ": what the model expects")),
          ...this.rows.map(({ node }) => node)),
        make("div", {},
          make("div", { class: "chart" },
            make("div", { class: "ticks soft", "aria-hidden": "true" }, ...ticks),
            make("div", { class: "plot", "aria-hidden": "true" }, make("div", { class: "blocks" }, ...this.rows.map(({ block }) => block)), make("div", { class: "bar" }, this.divergence, this.entropy), this.level),
            make("div", { class: "terms" },
              term(this.total, "cross-entropy ", make("span", { class: "formula" }, italic("H"), "(", italic("y"), ", ", italic("p"), ")")),
              term(this.extra, key("divergence"), "divergence ", make("span", { class: "formula" }, ...kl("y", "p"))),
              term(this.least, key("entropy"), "entropy ", make("span", { class: "formula" }, italic("H"), "(", italic("y"), ")"))),
            make("div", { class: "names", "aria-hidden": "true" }, ...this.rows.map(({ tag }) => tag))),
          make("p", { class: "soft" }, "Each block is as wide as ", italic("y"), " and as high as the surprisal −log ", italic("p"), ", in nats. Dashed: the mean height."))),
      make("div", { class: "buttons" }, button("Swap y and p", () => this.load({ y: this.p, p: this.y })), button("Reset", () => this.load(start)), make("span", { class: "reverse" }, "the other direction: ", ...kl("p", "y"), " ", this.reverse)),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  row(name, k) {
    const sliders = Object.entries(KINDS).map(([kind, word]) => {
      const control = slider({ label: `${word} probability of ${name}`, scale: linearScale(0, 1, 0.01), value: 0, change: (x) => this.move(kind, k, x) });
      control.range.classList.add(kind);
      return { kind, control };
    });
    const height = make("span", { class: "height" });
    const label = make("span");
    const block = make("div", {}, make("div", { class: "block" }), label);
    const node = make("div", { class: "class", role: "group", "aria-label": name },
      make("div", { class: "title" }, make("b", {}, name), make("span", { class: "soft" }, "surprisal ", height)),
      ...sliders.map(({ kind, control }) => make("div", { class: "row" }, italic(kind), control.range, control.number)));
    return { name, node, height, block, label, tag: make("span", {}, make("span", {}, name)), sliders };
  }

  // One share moves, and the others make room: at first the largest, later the one that was not touched
  // for longest. While it is the same share that moves, they are counted from where it began.
  move(kind, k, x) {
    const turn = this.turns[kind];
    if (turn.order.at(-1) !== k) Object.assign(turn, { order: [...turn.order.filter((j) => j !== k), k], from: this[kind] });
    this.set({ [kind]: withShare(turn.from, turn.order, x) });
  }

  load({ y, p }) {
    const turn = (from) => ({ order: [...from.keys()].sort((a, b) => from[b] - from[a]), from });
    this.turns = { y: turn(y), p: turn(p) };
    this.set({ y, p });
  }

  set(change) {
    Object.assign(this, change);
    this.rows.forEach(({ sliders }, k) => sliders.forEach(({ kind, control }) => control.set(this[kind][k])));
    this.update();
  }

  state() {
    return { y: this.y, p: this.p };
  }

  restore({ y = "", p = "" }) {
    const [truth, guess] = [y, p].map((text) => text.split(",").map(parseFloat));
    const valid = [truth, guess].every((shares) => shares.length === this.rows.length && shares.every((x) => x >= 0) && Math.abs(sum(shares) - 1) < 1e-6);
    if (valid) this.load({ y: truth, p: guess });
    return valid;
  }

  update() {
    const { y, p } = this;
    const heights = surprisals(p);
    const numbers = [crossEntropy(y, p), divergence(y, p), crossEntropy(y, y), divergence(p, y)];
    [this.total, this.extra, this.least, this.reverse].forEach((node, i) => show(node, numbers[i], formatNats(numbers[i])));
    const share = (x) => `${Math.min(100, (100 * x) / this.limits.nats)}%`;
    this.rows.forEach(({ height, block, label, tag }, k) => {
      show(height, heights[k], formatNats(heights[k]));
      label.textContent = heights[k] === Infinity ? "∞" : format(heights[k]);
      block.style.width = tag.style.width = `${100 * y[k]}%`;
      block.classList.toggle("cut", heights[k] > this.limits.nats);
      block.firstChild.style.height = share(heights[k]);
    });
    const [total, extra, least] = numbers;
    this.entropy.style.height = share(least);
    this.divergence.style.height = `calc(${share(total)} - ${share(least)})`;
    this.divergence.classList.toggle("cut", total > this.limits.nats);
    this.level.style.bottom = share(total);
    this.announce(`${this.tell(heights, total, extra)}${this.judge(total, extra)}`);
    this.remember(this.state());
  }

  tell(heights, total, extra) {
    const { y, p } = this;
    const missed = this.rows.filter((_, k) => y[k] && !p[k]).map(({ name }) => name);
    if (missed.length) return `The model calls ${listed(missed)} impossible, yet it happens: infinitely surprising.`;
    const terms = heights.flatMap((x, k) => (y[k] ? [`${short(y[k], 3)} × ${format(x, 3)}`] : []));
    const mean = `The mean surprisal is ${terms.join(" + ")} = ${format(total, 3)} nats`;
    return extra < 0.0005 ? `${mean}, the entropy of y. No prediction pays less.` : `${mean}: ${format(total - extra, 3)} of entropy, and ${format(extra, 3)} because p is not y.`;
  }

  // The challenge: the largest loss of a model that is right. Return what the status line adds.
  judge(total, extra) {
    const { loss, fault } = this.limits;
    const solved = total >= loss && extra <= fault;
    const verdict = solved ? "Solved: p = y, and y is undecided. A large loss can be nobody's fault." : extra === Infinity ? "Now it pays without end." : `Now ${format(total, 3)}, and ${format(extra, 3)} of it is its fault.`;
    showChallenge(this.challenge, solved, `Let the model pay ${loss} nats or more, of which at most ${fault} is its own fault.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 12px 28px; }
    .heads { display: flex; flex-wrap: wrap; gap: 0 16px; justify-content: space-between; }
    .key { display: inline-block; width: 12px; height: 12px; margin-right: 5px; border-radius: 3px; }
    .class { margin-top: 6px; }
    .title { display: flex; flex-wrap: wrap; gap: 0 12px; justify-content: space-between; align-items: baseline; line-height: 1.2; }
    .title b { overflow-wrap: anywhere; }
    .row { display: grid; grid-template-columns: 12px minmax(0, 1fr) 84px; gap: 8px; align-items: center; }
    .row input[type="number"] { width: 84px; }
    .y { --color: var(--c2) !important; }
    .p { --color: var(--c1) !important; }
    .chart { display: grid; grid-template-columns: 10px minmax(0, 1fr) 102px; gap: 2px 8px; }
    .ticks, .plot { position: relative; height: 251px; }
    .ticks span { position: absolute; right: 0; transform: translateY(50%); line-height: 1; }
    .plot { display: grid; grid-template-columns: minmax(0, 1fr) 38px; gap: 10px; border-bottom: 1px solid var(--edge); background: repeating-linear-gradient(0deg, var(--line) 0 1px, transparent 1px 25%); }
    .blocks, .bar { height: 250px; display: flex; }
    .bar { flex-direction: column; justify-content: end; }
    .blocks > div { position: relative; height: 100%; }
    .block { position: absolute; bottom: 0; width: 100%; background: color-mix(in srgb, var(--c0) 45%, var(--ground)); box-shadow: inset -1px 0 var(--ground); }
    .block, .key, .bar div { forced-color-adjust: none; }
    .blocks span { position: absolute; bottom: 2px; width: 100%; overflow: hidden; text-align: center; font-size: 13px; }
    .entropy { background: var(--c2); }
    .divergence { background: repeating-linear-gradient(45deg, var(--c1) 0 5px, color-mix(in srgb, var(--c1) 70%, var(--ground)) 5px 8px); }
    .cut .block, .bar .cut { mask: linear-gradient(transparent, #000 30px); }
    .level { position: absolute; left: 0; right: 0; border-top: 2px dashed var(--text); transform: translateY(50%); }
    .names { grid-column: 2; display: flex; line-height: 1.4; margin-right: 48px; font-size: 13px; text-align: center; }
    .names > span, .blocks > div { container-type: inline-size; overflow: hidden; white-space: nowrap; }
    @container (max-width: 26px) {
      .blocks span, .names span span { display: none; }
    }
    .terms { display: grid; gap: 8px; align-content: center; font-size: 14px; line-height: 1.25; }
    .terms > div > span { display: block; }
    .formula, .nats { white-space: nowrap; }
    .nats, .height, .blocks span { font-variant-numeric: tabular-nums; }
    .terms .nats { font-size: 17px; }
    p.soft { margin: 4px 0 0; }
    .buttons { align-items: center; }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 0.8fr) minmax(0, 1fr); }
    }
  `;
}

define("softmax-divergence", DivergenceFigure);
