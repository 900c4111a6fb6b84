// How well the probabilities of many predictions mean what they say: as the chapter on calibration
// has it, for logits that are all multiples of one unit.

import { sum } from "../core.mjs";

// `gaps` has `classes` bytes for each prediction, the true class first: how many units its logit is
// below the largest. Return the means of what is asked of all predictions, and the bins.
export function judge({ gaps, classes }, unit, T, bins) {
  const power = Array.from({ length: 256 }, (_, gap) => Math.exp((-unit * gap) / T));
  const table = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, accuracy: 0 }));
  const n = gaps.length / classes;
  let loss = 0;
  for (let i = 0; i < gaps.length; i += classes) {
    let total = 0;
    for (let k = i; k < i + classes; k += 1) total += power[gaps[k]];
    // The largest of the powers is 1.
    const confidence = 1 / total;
    loss += Math.log(total) + (unit * gaps[i]) / T;
    const bin = table[Math.min(Math.floor(confidence * bins), bins - 1)];
    bin.count += 1;
    bin.confidence += confidence;
    bin.accuracy += gaps[i] === 0;
  }
  const mean = (what) => sum(table.map((bin) => bin[what])) / n;
  return {
    n,
    loss: loss / n,
    ece: sum(table.map((bin) => Math.abs(bin.accuracy - bin.confidence))) / n,
    confidence: mean("confidence"),
    accuracy: mean("accuracy"),
    bins: table.map(({ count, confidence, accuracy }) => ({ count, confidence: confidence / count, accuracy: accuracy / count })),
  };
}
