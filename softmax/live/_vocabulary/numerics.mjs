// The loss and its gradient in chunks of the vocabulary, as book/large-vocabularies.md has them.

import { chunks, maximum, sum } from "../core.mjs";

// The running maximum m, the sum s of exponentials relative to it, and their log-sum-exp: before the
// first chunk and after each one.
export function collect(z, size) {
  const states = [{ m: -Infinity, s: 0, total: -Infinity }];
  for (const [start, stop] of chunks(z.length, size)) {
    const part = z.slice(start, stop);
    const { m, s } = states.at(-1);
    const larger = Math.max(m, maximum(part));
    const next = s * Math.exp(m - larger) + sum(part.map((x) => Math.exp(x - larger)));
    states.push({ m: larger, s: next, total: larger + Math.log(next) });
  }
  return states;
}

// The gradient in the logits, p - y, from the log-sum-exp.
export function gradient(z, target, total) {
  return z.map((x, k) => Math.exp(x - total) - (k === target ? 1 : 0));
}
