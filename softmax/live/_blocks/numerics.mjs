// Attention of one query in blocks of keys, as book/fast-attention.md has it. The values are points.

import { chunks, maximum, sum } from "../core.mjs";

// The state of the keys from `start` up to `stop`: their largest score, and the sums of exponentials
// and of weighted values relative to it.
export function stateOf(z, values, start = 0, stop = z.length) {
  const part = z.slice(start, stop);
  const mu = maximum(part);
  const e = part.map((x) => Math.exp(x - mu));
  return { mu, s: sum(e), a: [0, 1].map((i) => sum(e.map((x, k) => x * values[start + k][i]))) };
}

// The state of two sets of keys together, and the factor of the sums of each.
export function merge(one, two) {
  const mu = Math.max(one.mu, two.mu);
  const [f, g] = [one, two].map((state) => (state.mu === -Infinity ? 0 : Math.exp(state.mu - mu)));
  return { mu, s: f * one.s + g * two.s, a: one.a.map((x, i) => f * x + g * two.a[i]), factors: [f, g] };
}

// The states before the first block and after each one.
export function collect(z, values, size) {
  const states = [stateOf(z, values, 0, 0)];
  for (const [start, stop] of chunks(z.length, size)) {
    states.push(merge(states.at(-1), stateOf(z, values, start, stop)));
  }
  return states;
}

// The output of a state, or null without any key; and the log-sum-exp.
export const output = ({ s, a }) => (s ? a.map((x) => x / s) : null);
export const lse = ({ mu, s }) => (s ? mu + Math.log(s) : -Infinity);
