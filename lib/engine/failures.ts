// What the addon rejects with, as the errors that a caller gets.

import { DeviceError, MemoryError, type ScumbleError } from '../errors.js';
import type { EngineFailure } from './addon.js';
import { hostMemory, megabytes } from './memory.js';

/** The error for a failure of `device`, or of the machine's memory; nothing for any other. */
export function failureOf(error: unknown, device: string): ScumbleError | undefined {
  const { code, message, needed, free } = error as EngineFailure;
  switch (code) {
    case 'DEVICE_MEMORY': {
      const numbers = `${megabytes(needed)} were asked for and ${megabytes(free)} are free`;
      return new MemoryError(`${device}: ${message}: ${numbers}`, needed, free, 0, error);
    }
    case 'DEVICE_LOST':
      return new DeviceError(device, `${device}: ${message}`, error);
    case 'OUT_OF_MEMORY': {
      const { available } = hostMemory();
      const advice = 'a smaller size, fewer runs at once or a higher limit on memory helps';
      return new MemoryError(
        `the machine ran out of memory in the middle of the run (${megabytes(available)} are free): ${advice}`,
        0,
        available,
        0,
        error,
      );
    }
    case 'OUT_OF_THREADS':
      return new DeviceError(
        device,
        `${message}: fewer runs at once, or a higher limit on threads, helps`,
        error,
      );
    default:
      return undefined;
  }
}
