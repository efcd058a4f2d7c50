// From options to what the engine is told of a session.

import type { EngineOptions } from '../engine/addon.js';
import type { ResolvedOptions } from '../options/options.js';

export function engineOptions(options: ResolvedOptions): EngineOptions {
  const terms = (layers: Record<string, number>, weight: number) =>
    Object.entries(layers).map(([layer, own]) => ({ layer, weight: weight * own }));
  const { pooling, rounding, tvWeight, averaging, threads } = options;
  const { learningRate, history, beta1, beta2, epsilon } = options;
  return {
    pooling,
    rounding,
    contentTerms: terms(options.contentLayers, options.contentWeight),
    styleTerms: terms(options.styleLayers, options.styleWeight),
    tvWeight,
    optimizer: { kind: options.optimizer, learningRate, history, beta1, beta2, epsilon },
    averaging,
    threads,
  };
}
