// The typed view of the native engine, and the only file that loads it.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AddonError } from '../errors.js';
import type { Precision } from '../options/options.js';
import type { EngineTensor } from '../weights/formats/tensors.js';

/** Interleaved RGB, 0..255: width × height × 3 floats. */
export interface EnginePicture {
  data: Float32Array;
  width: number;
  height: number;
}

/** As NetworkDescription, with blocks and indices spelled out. */
export interface EngineNetworkDescription {
  channelOrder: 'RGB' | 'BGR';
  range: number;
  mean: number[];
  std: number[];
  padding: 'zero' | 'replicate';
  convolutions: {
    block: number;
    index: number;
    inputs: number;
    outputs: number;
    weight: EngineTensor;
    bias: EngineTensor;
  }[];
}

export interface EngineOptions {
  pooling: 'max' | 'average' | 'l2';
  rounding: 'floor' | 'ceil';
  contentTerms: { layer: string; weight: number }[];
  styleTerms: { layer: string; weight: number }[];
  tvWeight: number;
  optimizer: {
    kind: 'lbfgs' | 'adam';
    learningRate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    history: number;
  };
  averaging: number;
  threads: number;
}

/** Losses of the point evaluated, weighted, in the order of the terms. */
export interface EngineLosses {
  content: number[];
  style: number[];
  tv: number;
  total: number;
}

export interface EngineSession {
  /**
   * Iterations; resolves with the losses of the last. Rejects with code CANCELLED, DIVERGED (with the `iteration`, from 1),
   * or like every call DEVICE_MEMORY or DEVICE_LOST.
   */
  step(count: number): Promise<EngineLosses>;
  /** The result so far, on its way while the next call goes on; the memory is the caller's. */
  image(): Promise<Float32Array>;
  /** The gradient of the last step with respect to the picture. */
  gradient(): Promise<Float32Array>;
  /** Makes calls in progress reject as soon as they can. */
  cancel(): void;
  /** Resolves when the memory is given back. */
  dispose(): Promise<void>;
}

/** Where networks are loaded and sessions run. */
export type EngineBackend = { readonly engineBackend: unique symbol };

/** Packed weights, shared by sessions. */
export interface EngineNetwork {
  readonly engineNetwork: unique symbol;
  /** Lets go of it; sessions that use it keep its memory until they go. */
  dispose(): void;
}

/** What the addon rejects with when a device fails. */
export interface EngineFailure extends Error {
  code: 'DEVICE_MEMORY' | 'DEVICE_LOST';
  /** Bytes; of DEVICE_MEMORY. */
  needed: number;
  free: number;
}

/** CUDA versions are 1000 × major + 10 × minor, 0 where there is none; a problem is empty where there is none. */
export interface EngineDevices {
  found: {
    index: number;
    name: string;
    major: number;
    minor: number;
    memory: number;
    free: number;
    problem: string;
  }[];
  driver: number;
  runtime: number;
  problem: string;
}

/** What a fast kernel makes of some numbers, beside what the float32 one does. */
export interface EngineComparison {
  /** Its name and the size. */
  kernel: string;
  /** One of those that run on every card: only float32 can take its place. */
  portable: boolean;
  /** ‖fast - exact‖ / ‖exact‖; not finite where a result was not, or was not the same twice. */
  error: number;
  tolerance: number;
  good: boolean;
}

interface Size {
  width: number;
  height: number;
}

export interface Addon {
  /** The kernels in use, by their instruction set: portable, avx2 … */
  instructionSet: string;
  /** Asks the driver anew each time. */
  devices(): Promise<EngineDevices>;
  /**
   * Compares every fast kernel that a CUDA device can run with the float32 ones: at one size, or if `thorough` at several,
   * each ten times. Empty on a card that has nothing faster. Rejects with DEVICE_MEMORY or DEVICE_LOST.
   */
  selfCheck(device: number, thorough: boolean): Promise<EngineComparison[]>;
  /** For the whole process, from the next session on: the kernels made for the card's kind (at the start), or only those for every card. */
  useKernels(device: number, kernels: 'fast' | 'portable'): void;
  /** `device`: a CUDA device's index, or -1 for the CPU. A device that has nothing faster computes exactly. */
  Backend: { open(device: number, precision: Precision): Promise<EngineBackend> };
  Network: {
    load(backend: EngineBackend, description: EngineNetworkDescription): Promise<EngineNetwork>;
  };
  Session: {
    create(
      network: EngineNetwork,
      options: EngineOptions & {
        content: EnginePicture;
        styles: (EnginePicture & { blend: number })[];
        start: EnginePicture;
      },
    ): { session: Promise<EngineSession>; cancel(): void };
    /** Bytes, from sizes alone. */
    estimate(
      backend: EngineBackend,
      description: EngineNetworkDescription,
      options: EngineOptions & { content: Size; styles: (Size & { blend: number })[] },
    ): { network: number; session: number };
    /** The mean of each channel over all positions, for the layer of every content term. */
    channelMeans(
      network: EngineNetwork,
      options: EngineOptions & { content: EnginePicture },
    ): Promise<number[][]>;
  };
  /** Lanczos, held to 0..high. */
  resample(
    backend: EngineBackend,
    from: { data: Float32Array; width: number; height: number; channels: number },
    width: number,
    height: number,
    high: number,
    threads: number,
  ): Promise<Float32Array>;
  whiteNoise(
    width: number,
    height: number,
    mean: number[],
    deviation: number,
    seed: number,
  ): Promise<Float32Array>;
}

const require = createRequire(import.meta.url);
let loaded: Addon | undefined;
let cpu: Promise<EngineBackend> | undefined;

/** The CPU's backend, for what is done before there is a run. */
export function cpuBackend(): Promise<EngineBackend> {
  cpu ??= addon().Backend.open(-1, 'exact');
  return cpu;
}

/** The file that the engine is loaded from; SCUMBLE_ADDON names another build of it, which is for tests. */
export function addonFile(): string {
  return (
    process.env.SCUMBLE_ADDON || fileURLToPath(new URL('../../build/Release/scumble.node', import.meta.url))
  );
}

/** Loads the engine once. @throws AddonError that says what to type when it is missing. */
export function addon(): Addon {
  if (loaded) return loaded;
  try {
    loaded = require(addonFile()) as Addon;
    return loaded;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'its install script has not run here' : (message.split('\n')[0] ?? '');
    throw new AddonError(
      `scumble has no native engine for ${process.platform}-${process.arch} (Node ${process.version}): ${reason}.\n` +
        'Type "npm approve-scripts scumble" and install again, or "npx scumble build" to build it in place.',
      error,
    );
  }
}
