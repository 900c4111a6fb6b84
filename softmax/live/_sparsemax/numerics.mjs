// Entmax: softmax at an alpha of 1, sparsemax at 2, and what lies between them.

import { shifted, sum } from "../core.mjs";

const HALVINGS = 100;

// exp(x) at q = 0, max(1 + x, 0) at q = 1.
function power(x, q) {
  if (q === 0) return Math.exp(x);
  // Rounding may leave a term that is 0 a few digits above: 1.15 - 0.15 < 1.
  return q * x <= 4 * Number.EPSILON - 1 ? 0 : Math.exp(Math.log1p(q * x) / q);
}

// p_i = power(z_i - s, alpha - 1), with the s for which they add up to 1. Every term falls with s, so it
// is found by halving an interval: at the largest logit the sum is 1 or more, and log K above it no term
// is larger than 1 / K.
export function entmax(z, alpha) {
  const d = shifted(z);
  const at = (s) => d.map((x) => power(x - s, alpha - 1));
  let [low, high] = [0, Math.log(z.length)];
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (sum(at(middle)) >= 1) low = middle;
    else high = middle;
  }
  return at(low);
}
