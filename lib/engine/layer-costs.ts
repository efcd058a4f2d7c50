// What a network's layers take on an engine, measured by itself: for whoever shows what a network is.

import { addon, type EngineLayerCost } from './addon.js';
import type { Engine } from './engine.js';
import { cancellable, HOW, take } from './features.js';
import { architectureOf, layersOf } from './layers.js';
import type { SharedNetwork } from './networks.js';

/** Passes that are timed; each layer's time is their median. */
const PASSES = 5;

/**
 * Every step of a forward pass through a whole network, the input's first.
 *
 * @throws MemoryError, DeviceError, or the signal's reason
 */
export async function costsOf(
  engine: Engine,
  network: SharedNetwork,
  size: { width: number; height: number },
  { threads, signal }: { threads: number; signal?: AbortSignal | undefined },
): Promise<EngineLayerCost[]> {
  const { shape } = network;
  const deepest = layersOf(shape).at(-1)!;
  const packed = await engine.guard(network.packed(deepest.convolutions));
  const architecture = architectureOf(shape, deepest.convolutions);
  const pass = { ...HOW, layers: [deepest.name], threads, image: size };
  const reservation = take(
    engine,
    addon().featureBytes(engine.backend, architecture, pass),
    `a pass over ${size.width} × ${size.height} pixels`,
  );
  const held = network.hold();
  try {
    const { costs, cancel } = addon().layerCosts(packed, { ...HOW, ...size, threads, passes: PASSES });
    return await cancellable(engine.guard(costs), cancel, signal);
  } finally {
    reservation.release();
    held.release();
  }
}
