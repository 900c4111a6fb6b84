// Full-batch gradient descent for softmax regression on a plane: what softmax/_optimizer.py does with
// a batch that holds all points. A point is [x1, x2, class], the parameters of a class are
// [weight of x1, weight of x2, bias]. Only classes that have a point take part.

import { argmax, logSoftmax, sum } from "../core.mjs";

// Training counts as diverged when the objective exceeds that at the start by this factor.
const DIVERGED = 100;

export function classesOf(points) {
  return [...new Set(points.map((point) => point[2]))].sort();
}

export function logitsAt(parameters, classes, x1, x2) {
  return classes.map((k) => x1 * parameters[k][0] + x2 * parameters[k][1] + parameters[k][2]);
}

// The objective (mean cross-entropy plus penalty), its penalty, the share of points that argmax
// classifies correctly, and for each point the gradient (p - y) / N in its logits.
export function evaluate(parameters, points, alpha) {
  const classes = classesOf(points);
  const wrong = [];
  let loss = 0;
  const deltas = points.map(([x1, x2, label], n) => {
    const z = logitsAt(parameters, classes, x1, x2);
    const target = classes.indexOf(label);
    if (argmax(z) !== target) wrong.push(n);
    const logP = logSoftmax(z);
    loss -= logP[target];
    return logP.map((x, j) => (Math.exp(x) - (j === target ? 1 : 0)) / points.length);
  });
  const penalty = (alpha / 2) * sum(classes.map((k) => parameters[k][0] ** 2 + parameters[k][1] ** 2));
  const count = Math.max(points.length, 1);
  return { classes, deltas, wrong, penalty, objective: loss / count + penalty, accuracy: 1 - wrong.length / count };
}

// The gradient of the objective for each class that takes part. The bias pays no penalty.
export function gradients(parameters, points, alpha, { classes, deltas }) {
  return classes.map((k, j) => {
    const weighted = (factor) => sum(points.map((point, n) => factor(point) * deltas[n][j]));
    return [weighted((point) => point[0]) + alpha * parameters[k][0], weighted((point) => point[1]) + alpha * parameters[k][1], weighted(() => 1)];
  });
}

// One step. Returns the new parameters, the largest entry of the gradient, and whether training
// diverged: by the rule of SoftmaxClassifier, whose gradient descent starts from zero.
export function descend(parameters, points, rate, alpha) {
  const state = evaluate(parameters, points, alpha);
  const slope = gradients(parameters, points, alpha, state);
  const next = parameters.map((row) => [...row]);
  state.classes.forEach((k, j) => slope[j].forEach((value, d) => (next[k][d] -= rate * value)));
  const finite = next.flat().every(Number.isFinite);
  const limit = DIVERGED * Math.log(state.classes.length);
  const diverged = !finite || !(state.objective <= limit);
  return { parameters: next, largest: Math.max(...slope.flat().map(Math.abs)), diverged };
}
