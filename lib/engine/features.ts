// What a network makes of an image at some layers, as it is: for whoever judges pictures or shows what a network sees.

import { MemoryError } from '../errors.js';
import { addon, type EngineFeatures, type EnginePicture, type EngineReservation } from './addon.js';
import type { Engine } from './engine.js';
import { architectureOf, needsOf } from './layers.js';
import { megabytes, reserve } from './memory.js';
import type { SharedNetwork } from './networks.js';

/** As VGG was trained. */
export const HOW = { pooling: 'max', rounding: 'floor' } as const;

/**
 * The features of an image, in the order of `layers`. Memory is set aside as long as it takes to make them.
 *
 * @throws MemoryError, DeviceError, or the signal's reason
 */
export async function featuresOf(
  engine: Engine,
  network: SharedNetwork,
  image: EnginePicture,
  layers: readonly string[],
  { threads, signal }: { threads: number; signal?: AbortSignal | undefined },
): Promise<EngineFeatures[]> {
  signal?.throwIfAborted();
  const { shape } = network;
  const { convolutions } = needsOf(shape, [{ layers }], HOW.rounding);
  const packed = await engine.guard(network.packed(convolutions));
  signal?.throwIfAborted();
  const how = { ...HOW, layers, threads, image };
  const bytes = addon().featureBytes(engine.backend, architectureOf(shape, convolutions), how);
  const reservation = take(engine, bytes, `the features of ${image.width} × ${image.height} pixels`);
  const held = network.hold();
  try {
    const { features, cancel } = addon().features(packed, how);
    return await cancellable(engine.guard(features), cancel, signal);
  } finally {
    reservation.release();
    held.release();
  }
}

/** Work that is cancelled when the signal aborts. @throws its reason then */
export async function cancellable<T>(
  work: Promise<T>,
  cancel: () => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const found = await work;
    signal?.throwIfAborted();
    return found;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Sets memory aside for `what`. @throws MemoryError */
export function take(engine: Engine, bytes: number, what: string): EngineReservation {
  const memory = engine.memory();
  const { reservation, left } = reserve(memory, bytes);
  if (reservation) return reservation;
  const problem = `${what} need ${megabytes(bytes)} of ${memory.of} and ${megabytes(left)} are free`;
  throw engine.failed(new MemoryError(problem, bytes, left, 0));
}
