// What there is to compute on, what `device: 'auto'` would take, and if that is not the GPU, why not.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addon } from './addon.js';
import { threadsAtOnce } from './limits.js';

/** A GPU. */
export interface Gpu {
  /** What the option `device` calls it: `cuda:0`, `cuda:1` … */
  device: string;
  name: string;
  /** As `9.0`. */
  computeCapability: string;
  /** Bytes: all, and those free now. */
  memory: number;
  freeMemory: number;
  /** Why it cannot be used; absent if it can. */
  problem?: string;
}

export interface Devices {
  /** What `'auto'` takes: `cuda:0` …, or `cpu`. */
  auto: string;
  cpu: { instructionSet: string; threads: number };
  gpus: Gpu[];
  /** The CUDA version that the driver supports; absent without a driver, and in a build without CUDA. */
  driver?: string;
  /** The CUDA version that this build was made with; absent in one without CUDA. */
  cuda?: string;
  /** Why no GPU can be used, and what would change that; absent if one can. */
  problem?: string;
}

/** Asks the driver, if there is one, what GPUs there are. @throws AddonError */
export async function devices(): Promise<Devices> {
  const engine = addon();
  const { found, driver, runtime, problem } = await engine.devices();
  const gpus = found.map(
    ({ index, name, major, minor, memory, free, problem }): Gpu => ({
      device: `cuda:${index}`,
      name,
      computeCapability: `${major}.${minor}`,
      memory,
      freeMemory: free,
      ...(problem && { problem }),
    }),
  );
  const why = runtime === 0 ? withoutCuda() : problem;
  return {
    auto: gpus.find(({ problem }) => !problem)?.device ?? 'cpu',
    cpu: { instructionSet: engine.instructionSet, threads: threadsAtOnce() },
    gpus,
    ...(driver > 0 && { driver: version(driver) }),
    ...(runtime > 0 && { cuda: version(runtime) }),
    ...(why && { problem: why }),
  };
}

/** What the engine calls a GPU. */
export const engineIndex = ({ device }: Gpu) => Number(device.slice('cuda:'.length));

/** Whether there ought to be a GPU to compute on, and none can be used: `problem` says why. */
export function missesGpu({ auto, driver }: Devices): boolean {
  return auto === 'cpu' && (driver !== undefined || hasNvidiaDriver());
}

/** The driver's own version, as 580.65.06, where Linux says it. */
export async function driverVersion(): Promise<string | undefined> {
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  return /^NVRM version:.*?\s(\d+(?:\.\d+)+)\s/m.exec(text)?.[1];
}

/** Whether there is an NVIDIA GPU with a driver, as far as can be seen without CUDA. */
export function hasNvidiaDriver(): boolean {
  const places =
    process.platform === 'win32'
      ? [join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'nvcuda.dll')]
      : ['/proc/driver/nvidia/version', '/usr/lib/wsl/lib/libcuda.so.1'];
  return places.some((place) => existsSync(place));
}

function withoutCuda(): string {
  const lacks = 'this build of Scumble has no CUDA';
  return hasNvidiaDriver()
    ? `${lacks}, though there is an NVIDIA driver: install the CUDA toolkit (12 or later) and CMake, and type "npx scumble build"`
    : `${lacks}, and no NVIDIA driver was found`;
}

const version = (number: number) => `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
