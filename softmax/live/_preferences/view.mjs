// The reader is the judge: choices between two answers become scores, and the scores a policy.

import { LiveElement, argmax, button, define, format, formatProbability, logScale, make, maximum, show, showChallenge, sigmoid, slider, sum, within } from "../core.mjs";
import { bestPolicy, divergence, fitScores, pairsInTurn } from "./numerics.mjs";

const BETA_STEPS = 100;
const quoted = (text) => `“${text}”`;

class PreferencesFigure extends LiveElement {
  build(start) {
    this.start = start;
    this.choices = [0, 1].map((side) => make("button", { type: "button", class: "choice", onclick: () => this.choose(side) }));
    this.odds = [0, 1].map(() => make("span"));
    this.meter = make("div", { class: "meter", "aria-hidden": "true" }, make("div"));
    this.undo = button("Undo", () => this.pairs.length && this.judgeAnew(this.pairs.slice(0, -1)));
    this.count = make("span", { class: "soft" });
    this.price = slider({
      label: "Price of divergence beta",
      scale: logScale(...this.limits.beta, BETA_STEPS),
      value: start.beta,
      change: (beta) => {
        this.beta = beta;
        this.update();
      },
    });
    this.rows = start.answers.map((answer, k) => this.row(answer, k));
    const term = (label, name) => make("div", {}, make("span", { class: "soft" }, label), (this[name] = make("b")));
    this.challenge = make("p", { class: "challenge" });
    const parts = [
      make("div", { class: "panels" },
        make("div", {},
          make("p", { class: "question" }, start.question),
          make("p", { class: "soft" }, "Choose the better answer:"),
          make("div", { role: "group", "aria-label": "Which answer is better?" }, ...this.choices),
          this.meter,
          make("p", { class: "soft odds" }, this.odds[0], make("span", {}, "what the scores expect"), this.odds[1]),
          make("div", { class: "buttons" }, button("Skip", () => this.skip()), this.undo, button("Clear", () => this.judgeAnew([])), button("Reset", () => this.load(start))),
          make("p", { class: "soft" }, "Or choose two answers of the list to compare them.")),
        make("div", {},
          make("div", { class: "bars soft" }, make("span", { class: "heading" }, "score, from ", this.count), make("span", { class: "heading" }, make("span", { class: "key" }), "reference, ", make("span", { class: "key new" }), "policy")),
          make("ul", { "aria-label": "Answers" }, ...this.rows.map(({ node }) => node)))),
      make("div", { class: "price" }, make("span", {}, "price ", make("i", {}, "β")), this.price.range, this.price.number),
      make("div", { class: "terms" }, term("mean score", "reward"), make("span", {}, "−"), term("β × divergence", "cost"), make("span", {}, "="), term("the objective", "total")),
      this.challenge,
    ];
    this.load(start);
    return parts;
  }

  row(answer, k) {
    const [score, p, old] = [make("span", { class: "number" }), make("b", { class: "number" }), make("span", { class: "hidden" })];
    const [bar, whole, kept] = [make("div", { class: "score" }), make("div", { class: "whole" }), make("div", { class: "kept" })];
    show(old, this.start.reference[k], ` in the reference ${formatProbability(this.start.reference[k])}`);
    const pick = make("button", { type: "button", class: "pick", "aria-pressed": "false", onclick: () => this.pick(k) }, answer);
    const node = make("li", {}, pick,
      make("div", { class: "bars" },
        make("div", { class: "half" }, make("div", { class: "track middle", "aria-hidden": "true" }, bar), score),
        make("div", { class: "half" }, make("div", { class: "track", "aria-hidden": "true" }, whole, kept), p, old)));
    whole.style.width = `${100 * this.start.reference[k]}%`;
    return { node, pick, score, p, bar, kept };
  }

  load({ comparisons, beta }) {
    this.pairs = comparisons.map((pair) => [...pair]);
    this.skipped = 0;
    this.picked = [];
    this.beta = beta;
    this.price.set(beta);
    this.update();
  }

  choose(side) {
    if (this.pairs.length === this.limits.comparisons) return this.announce(`There is room for ${this.limits.comparisons} choices only.`);
    const pair = this.pair();
    this.judgeAnew([...this.pairs, side ? [...pair].reverse() : pair]);
  }

  judgeAnew(comparisons) {
    this.load({ comparisons, beta: this.beta });
  }

  skip() {
    this.skipped += 1;
    this.picked = [];
    this.update();
  }

  // The first of two answers waits for the second; a third one is the first of the next two.
  pick(k) {
    const [one] = this.picked;
    if (this.picked.length === 1) this.picked = one === k ? [] : [Math.min(one, k), Math.max(one, k)];
    else this.picked = [k];
    this.update();
  }

  pair() {
    if (this.picked.length === 2) return this.picked;
    const turn = pairsInTurn(this.pairs, this.rows.length);
    return turn[this.skipped % turn.length];
  }

  // The address. ----------------------------------------------------------------------------------

  state() {
    const { pairs, beta } = this;
    return { pairs: pairs.map((pair) => pair.join("")).join("."), beta };
  }

  restore({ pairs = "", beta = "" }) {
    const comparisons = pairs ? pairs.split(".").map((pair) => [...pair].map(Number)) : [];
    const isPair = ([i, j, ...rest]) => !rest.length && i !== j && [i, j].every((k) => k in this.rows);
    const price = parseFloat(beta);
    const valid = comparisons.length <= this.limits.comparisons && comparisons.every(isPair) && within(price, this.limits.beta);
    if (valid) this.load({ comparisons, beta: price });
    return valid;
  }

  // What is shown. --------------------------------------------------------------------------------

  update() {
    const { answers, reference } = this.start;
    const scores = (this.scores = fitScores(this.pairs, answers.length, this.limits.penalty));
    const p = bestPolicy(scores, reference, this.beta);
    const reach = Math.max(1, maximum(scores.map(Math.abs)));
    this.rows.forEach(({ score, p: number, bar, kept }, k) => {
      const text = format(scores[k]);
      show(score, scores[k], scores[k] > 0 && Number(text) ? `+${text}` : text);
      show(number, p[k], formatProbability(p[k]));
      const width = (50 * Math.abs(scores[k])) / reach;
      Object.assign(bar.style, { width: `${width}%`, left: `${scores[k] < 0 ? 50 - width : 50}%` });
      kept.style.width = `${100 * p[k]}%`;
    });
    this.showPair();
    const waits = this.picked.length === 1;
    this.rows.forEach(({ pick }, k) => pick.setAttribute("aria-pressed", waits && k === this.picked[0]));
    const reward = sum(p.map((x, k) => x * scores[k]));
    const kl = divergence(p, reference);
    show(this.reward, reward);
    show(this.cost, this.beta * kl, `${format(this.beta)} × ${format(kl)}`);
    show(this.total, reward - this.beta * kl);
    const chosen = this.pairs.length;
    this.count.textContent = chosen === 1 ? "1 choice" : `${chosen} choices`;
    this.undo.setAttribute("aria-disabled", !chosen);
    const best = argmax(scores);
    const tied = scores.filter((score) => scores[best] - score < 1e-9).length > 1;
    const leader = tied ? "Several answers share the largest score." : `${quoted(answers[best])} has the largest score. The policy gives it ${formatProbability(p[best])}, the reference ${formatProbability(reference[best])}.`;
    const said = chosen ? leader : "Without a choice, all scores are 0, and the policy is the reference.";
    const next = waits ? `Which answer is to be compared with ${quoted(answers[this.picked[0]])}?` : `Next: ${this.pair().map((k) => quoted(answers[k])).join(" or ")}?`;
    this.announce(`${said}${this.judge()} ${next}`);
    this.remember(this.state());
  }

  showPair() {
    const pair = this.pair();
    const expected = sigmoid(this.scores[pair[0]] - this.scores[pair[1]]);
    this.choices.forEach((choice, side) => (choice.textContent = this.start.answers[pair[side]]));
    this.odds.forEach((node, side) => show(node, side ? 1 - expected : expected, formatProbability(side ? 1 - expected : expected)));
    this.meter.firstChild.style.width = `${100 * expected}%`;
  }

  // Say how the challenge goes, and return what the status line adds.
  judge() {
    const { challenge, answers } = this.start;
    this.challenge.hidden = !challenge;
    if (!challenge) return "";
    const [one, other] = challenge;
    const expected = sigmoid(this.scores[one] - this.scores[other]);
    const met = this.pairs.some((pair) => pair.includes(one) && pair.includes(other));
    const solved = !met && expected >= this.limits.goal;
    let verdict = met ? "You compared the two: undo it." : `Now ${formatProbability(expected)}.`;
    if (solved) verdict = "Solved: other answers connect the two, and only differences count.";
    showChallenge(this.challenge, solved, `Make the scores expect ${quoted(answers[one])} to win against ${quoted(answers[other])} with a probability of ${this.limits.goal} or more, without comparing the two.`, verdict);
    return solved ? " Challenge solved." : "";
  }

  static css = `
    .panels { display: grid; gap: 14px 28px; }
    p { margin: 0; }
    .question { font: 600 17px/24px Georgia, serif; }
    .choice { display: block; width: 100%; min-height: 46px; margin-top: 6px; border-width: 2px; text-align: start; font: 17px/22px Georgia, serif; overflow-wrap: anywhere; }
    .choice:first-child { border-color: var(--c2); }
    .choice:last-child { border-color: var(--c3); }
    .meter { height: 8px; margin-top: 8px; background: var(--c3); border-radius: 4px; overflow: hidden; forced-color-adjust: none; }
    .meter div { height: 100%; border-right: 2px solid var(--ground); background: var(--c2); transition: width 0.12s; }
    .odds { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
    .buttons { gap: 6px; margin: 8px 0; }
    .buttons button { padding: 3px 8px; }
    /* The bars of an answer belong to what can be clicked. */
    .pick { display: block; width: 100%; margin-bottom: -20px; padding: 0 0 20px; border: 0; border-radius: 3px; background: none; text-align: start; line-height: 20px; overflow-wrap: anywhere; }
    .pick[aria-pressed="true"] { font-weight: 600; background: var(--panel); box-shadow: 0 0 0 4px var(--panel); }
    ul { margin: 0; padding: 0; list-style: none; }
    li { margin-top: 4px; line-height: 20px; overflow-wrap: anywhere; }
    .bars { position: relative; pointer-events: none; display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 12px; }
    .half { display: grid; grid-template-columns: minmax(0, 1fr) minmax(48px, max-content); gap: 6px; align-items: center; }
    .number { text-align: end; font-size: 14px; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .track { position: relative; height: 18px; background: linear-gradient(var(--edge), var(--edge)) 0 / 1px 100% no-repeat var(--panel); }
    .middle { background-position: 50%; }
    .track div { position: absolute; left: 0; top: 0; height: 100%; transition: left 0.12s, width 0.12s; forced-color-adjust: none; }
    .track .score { background: var(--c0); }
    .track .kept { top: 4px; height: 10px; background: var(--c1); }
    .track .whole { border: 2px solid var(--edge); border-left: 0; }
    .key { display: inline-block; width: 12px; height: 10px; margin: 0 5px 0 2px; border: 2px solid var(--edge); forced-color-adjust: none; }
    .new { border-color: var(--c1); background: var(--c1); }
    .price { display: grid; grid-template-columns: auto minmax(0, 1fr) 76px; gap: 10px; align-items: center; margin-top: 12px; }
    .price input[type="range"] { --color: var(--edge); }
    .terms { display: flex; flex-wrap: wrap; align-items: end; gap: 4px 14px; margin-top: 6px; }
    .terms div { display: grid; font-variant-numeric: tabular-nums; }
    .terms > span { align-self: end; }
    @container (max-width: 420px) {
      .terms { gap: 4px 8px; }
    }
    @container (min-width: 600px) {
      .panels { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
    }
  `;
}

define("softmax-preferences", PreferencesFigure);
