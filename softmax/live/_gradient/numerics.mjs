// Two losses of the logits z with the true class t, their gradients, and gradient descent. Operations
// have the order of softmax/functional.py, so that many steps end where they end in Python.

import { logSoftmax, softmax, sum } from "../core.mjs";

const errors = (p, t) => p.map((x, k) => x - (k === t));

export const LOSSES = {
  "cross-entropy": {
    loss: (z, t) => -logSoftmax(z)[t],
    gradient: (z, t, p = softmax(z)) => errors(p, t),
  },
  "squared error": {
    loss: (z, t) => sum(errors(softmax(z), t).map((x) => x * x)) / 2,
    gradient(z, t, p = softmax(z)) {
      const slope = errors(p, t);
      const mean = sum(p.map((x, k) => x * slope[k]));
      return p.map((x, k) => x * (slope[k] - mean));
    },
  },
};

export function step(z, slope, rate) {
  return z.map((x, k) => x - rate * slope[k]);
}

// The logits at the start and after each step.
export function descend({ gradient }, z, t, rate, steps) {
  const path = [z];
  while (path.length <= steps) path.push(step(path.at(-1), gradient(path.at(-1), t), rate));
  return path;
}
