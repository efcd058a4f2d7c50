// The main thread may only touch a big array a piece at a time: a 24-megapixel raster is 288 MB, and copying it
// in one go would hold up the event loop for a tenth of a second.

import { setImmediate } from 'node:timers/promises';

/** Elements per turn of the event loop: a few milliseconds, even where touching fresh memory is slow. */
const SLICE = 1 << 18;

/** Calls `visit(start, end)` over 0..length, letting the event loop turn in between. */
export async function inSlices(length: number, visit: (start: number, end: number) => void): Promise<void> {
  for (let start = 0; start < length; start += SLICE) {
    if (start > 0) await setImmediate();
    visit(start, Math.min(start + SLICE, length));
  }
}

export type Samples = Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;

/**
 * A copy in memory of its own, so that it can be transferred while the caller keeps the original. `check` sees each piece
 * of the copy, where the caller can no longer change it.
 */
export async function copyOf<T extends Samples>(
  source: T,
  check?: (copy: T, start: number, end: number) => void,
): Promise<T> {
  const plain = source instanceof Buffer ? Uint8Array : source.constructor;
  const copy = new (plain as new (length: number) => T)(source.length);
  await inSlices(source.length, (start, end) => {
    copy.set(source.subarray(start, end), start);
    check?.(copy, start, end);
  });
  return copy;
}
