// Readers with the faults that the fuzzer is there to find, each at file 3 of a run.

import { WeightsError } from '../../dist/errors.js';
import type { TensorFile } from '../../dist/weights/formats/tensors.js';
import type { FuzzFormat } from '../fuzz/formats.js';

function faulty(fault: (path: string) => void): FuzzFormat {
  let files = 0;
  return {
    file: 'fuzzed',
    seeds: () => [{ bytes: new Uint8Array(100) }],
    read: async (path): Promise<TensorFile> => {
      if (files++ === 3) fault(path);
      throw new WeightsError(path, 'refused', { offset: 0 });
    },
  };
}

const kept: unknown[] = [];

export const FORMATS: Record<string, FuzzFormat> = {
  hangs: faulty(() => {
    for (;;);
  }),
  crashes: faulty(() => process.abort()),
  throws: faulty(() => {
    throw new TypeError('undefined is not a tensor');
  }),
  rejects: faulty(() => {
    Promise.reject(new TypeError('in the background'));
  }),
  takesLong: faulty(() => {
    const start = process.cpuUsage();
    for (let used = 0; used < 1.5e6; ) {
      const { user, system } = process.cpuUsage(start);
      used = user + system;
    }
  }),
  takesBuffers: faulty(() => {
    kept.push(new Uint8Array(5e6));
  }),
  takesHeap: faulty(() => {
    for (;;) kept.push([kept]);
  }),
  blamesAnother: faulty(() => {
    throw new WeightsError('/etc/passwd', 'refused', { offset: 0 });
  }),
  blamesNothing: faulty((path) => {
    throw new WeightsError(path, 'refused', { offset: 101 });
  }),
};
