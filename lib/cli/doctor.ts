// What a bug report needs to know of a machine, and what is wrong with it: part by part, so that one that fails hides none
// of the others.

import { readdir, stat } from 'node:fs/promises';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { basename, join } from 'node:path';
import { addon, addonFile, type EngineComparison } from '../engine/addon.js';
import { type Devices, devices, driverVersion, missesGpu } from '../engine/devices.js';
import { threadsAtOnce } from '../engine/limits.js';
import { hostMemory } from '../engine/memory.js';
import { check } from '../engine/self-check.js';
import { DEFAULT_NETWORK } from '../options/topics/network.js';
import { version } from '../package.js';
import { cacheFolder, isIntact } from '../weights/cache.js';
import { catalogNamed } from '../weights/catalog.js';
import { existingFile } from '../weights/find.js';
import { hashFile } from '../weights/hash.js';
import { readNetwork } from '../weights/network.js';

export interface Report {
  versions: { scumble: string; node: string };
  /** Memory in bytes. */
  system: {
    os: string;
    arch: string;
    cpu: string;
    threads: number;
    memory: number;
    availableMemory: number;
  };
  engine: { file: string; instructionSet: string };
  /** `driverVersion` is the driver's own, where the system says it; `driver` the CUDA version that it supports. */
  devices: Devices & { driverVersion?: string };
  /** Of every GPU that can be used: the long self-check, or what it failed with. */
  checks: { device: string; milliseconds: number; comparisons: EngineComparison[]; problem?: string }[];
  /** The default one. */
  network: { name: string; file: string; sha256: string };
  cache: { folder: string; networks: { name: string; bytes: number; intact: boolean }[] };
  images: { sharp: string; libvips: string };
  /** Variables that change what Scumble or CUDA does. */
  environment: Record<string, string>;
}

/** Finds out about each part, in this order. They tell `complain` of what is wrong, and throw where they have nothing to report. */
export const parts: { [K in keyof Report]: (complain: (problem: string) => void) => Promise<Report[K]> } = {
  versions: async () => ({ scumble: version, node: process.version }),

  system: async () => ({
    os: `${type()} ${release()}`,
    arch: arch(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    threads: threadsAtOnce(),
    memory: totalmem(),
    availableMemory: hostMemory().available,
  }),

  engine: async () => ({ file: addonFile(), instructionSet: addon().instructionSet }),

  devices: async (complain) => {
    const all = await devices();
    const own = await driverVersion();
    if (missesGpu(all)) complain(`no GPU can be used: ${all.problem}`);
    else for (const { device, problem } of all.gpus) if (problem) complain(`${device}: ${problem}`);
    return { ...all, ...(own && { driverVersion: own }) };
  },

  checks: async (complain) => {
    const { gpus, driver } = await devices();
    const found: Report['checks'] = [];
    for (const gpu of gpus.filter(({ problem }) => !problem)) {
      const begun = performance.now();
      const result = await check(gpu, driver, true).then(
        (comparisons) => ({ comparisons }),
        (error: Error) => ({ comparisons: [], problem: error.message }),
      );
      found.push({ device: gpu.device, milliseconds: Math.round(performance.now() - begun), ...result });
      const wrong = result.comparisons.filter(({ good }) => !good).length;
      if (wrong > 0)
        complain(`${gpu.device}: ${wrong} of ${result.comparisons.length} comparisons are wrong`);
      if ('problem' in result) complain(`${gpu.device}: ${result.problem}`);
    }
    return found;
  },

  network: async () => {
    const file = await existingFile(catalogNamed(DEFAULT_NETWORK));
    await readNetwork(file);
    return { name: DEFAULT_NETWORK, file, sha256: await hashFile('sha256', file) };
  },

  cache: async (complain) => {
    const folder = cacheFolder();
    const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const networks: Report['cache']['networks'] = [];
    for (const file of files.filter((name) => name.endsWith('.safetensors')).sort()) {
      const path = join(folder, file);
      const name = basename(file, '.safetensors');
      const intact = await isIntact(path);
      networks.push({ name, bytes: (await stat(path)).size, intact });
      if (!intact) complain(`the network ${name} in the cache is damaged: delete it, and get it again`);
    }
    return { folder, networks };
  },

  images: async () => {
    const { versions } = (await import('sharp')).default;
    return { sharp: versions.sharp ?? 'unknown', libvips: versions.vips };
  },

  environment: async () =>
    Object.fromEntries(
      Object.entries(process.env).filter(
        (entry): entry is [string, string] =>
          /^(SCUMBLE|CUDA|NVIDIA)_/.test(entry[0]) && entry[1] !== undefined,
      ),
    ),
};
