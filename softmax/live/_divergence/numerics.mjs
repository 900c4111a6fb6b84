// What a prediction costs, and distributions that stay normalized while one entry moves.

import { sum } from "../core.mjs";

// A term of weight 0 counts as 0, also where the other factor is infinite.
const mean = (weights, values) => sum(weights.map((w, k) => (w ? w * values[k] : 0)));

export const surprisals = (p) => p.map((x) => -Math.log(x));
export const crossEntropy = (y, p) => mean(y, surprisals(p));
export const divergence = (y, p) => mean(y, y.map((w, k) => Math.log(w / p[k])));

// The last class of `order` gets the share x. The others make room for it, or take what it leaves, one
// after the other: so several can be set in turn. Four digits, so that what is shown is what is used.
export function withShare(shares, order, x) {
  const result = [...shares];
  const k = order.at(-1);
  result[k] = x;
  let missing = x - shares[k];
  for (const j of order.slice(0, -1)) {
    result[j] = Math.max(0, shares[j] - missing);
    missing -= shares[j] - result[j];
  }
  return result.map((share) => Number(share.toFixed(4)));
}
