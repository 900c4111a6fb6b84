// What becomes of a test set where the machine decides from some confidence on, and people the rest.

import { sum } from "../core.mjs";

// `counts` has for each class the predictions that are right and those that are wrong, by the last
// step that their confidence reaches. Return for each class, and in total, what is decided at `step`.
export function outcomes(counts, step) {
  const classes = counts.map(([right, wrong]) => {
    const decided = [right, wrong].map((steps) => sum(steps.slice(step)));
    return { right: decided[0], wrong: decided[1], person: sum(right) + sum(wrong) - sum(decided) };
  });
  const [right, wrong, person] = ["right", "wrong", "person"].map((name) => sum(classes.map((one) => one[name])));
  return { classes, right, wrong, person, decided: right + wrong };
}

// The first step at which at most 1 in `rate` of the decisions is wrong, and there are some.
export function lowest(counts, rate) {
  return counts[0][0].findIndex((_, step) => {
    const { wrong, decided } = outcomes(counts, step);
    return decided > 0 && rate * wrong <= decided;
  });
}
