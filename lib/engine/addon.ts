// The typed view of the native engine, and the only file that loads it.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AddonError } from '../errors.js';
import type { Precision } from '../options/options.js';
import type { Filter } from '../options/topics/resizing.js';
import type { EngineTensor } from '../weights/formats/tensors.js';

/** Interleaved RGB, 0..255: width × height × 3 floats. */
export interface EnginePicture {
  data: Float32Array;
  width: number;
  height: number;
}

/** How much of each pixel counts, 0..1: width × height floats. */
export interface EngineMask {
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
  /** Whether the last block has all its convolutions, so that a pool follows. */
  whole: boolean;
  convolutions: EngineConvolution[];
  /** The classifier behind them, if it is wanted. */
  dense?: EngineDense[];
}

/** A dense layer: `weight` is [outputs, inputs, window, window]. */
export interface EngineDense {
  inputs: number;
  window: number;
  outputs: number;
  weight: EngineTensor;
  bias: EngineTensor;
}

export interface EngineConvolution {
  block: number;
  index: number;
  inputs: number;
  outputs: number;
  weight: EngineTensor;
  bias: EngineTensor;
}

/** The same without what it has learnt, where only shapes matter. */
export type EngineArchitecture = Omit<EngineNetworkDescription, 'convolutions' | 'dense'> & {
  convolutions: Omit<EngineConvolution, 'weight' | 'bias'>[];
  dense?: Omit<EngineDense, 'weight' | 'bias'>[];
};

/** An image that a term's target is made of: its index among the session's images, and its share. */
export interface EngineTarget {
  image: number;
  blend: number;
  /** Where in the image: an index of the session's masks. */
  mask?: number;
  /** Whether it is matched with the others, in a kind that matches. */
  source?: boolean;
}

/** A term of the objective; `layers` are absent where it looks at the picture itself. */
export interface EngineTerm {
  name: string;
  kind: string;
  weight: number;
  /** An index of the session's networks; 0 if absent. */
  network?: number;
  layers?: readonly string[];
  targets?: EngineTarget[];
  /** Where in the picture: an index of the session's masks. */
  mask?: number;
  parameters?: Record<string, number>;
  /** Whether its gradient at each layer is scaled so that its magnitudes sum to the weight. */
  normalize?: boolean;
}

/** How features are made, and of what. */
export interface EngineSetup {
  pooling: 'max' | 'average' | 'l2';
  /** What a pool makes is multiplied by it; 1 if absent. */
  poolingScale?: number;
  rounding: 'floor' | 'ceil';
  terms: EngineTerm[];
  /** Of what terms draw by lot; 0 if absent. */
  seed?: number;
  threads: number;
}

export interface SessionOptions extends EngineSetup {
  optimizer: {
    kind: 'lbfgs' | 'adam' | 'rmsprop';
    learningRate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    history: number;
    /** L-BFGS: what values change by in the first step, in the mean; 0: torch's, all together by 1 at most. */
    firstStep: number;
  };
  averaging: number;
  /** Of the Laplacian pyramid whose coefficients are optimised; absent or 0: the pixels are. */
  details?: number;
  /** Whether pixels are held to 0..255 after every step. */
  clamp?: boolean;
}

/** Weighted losses of the point evaluated, in the order of the terms, and their sum. */
export interface EngineLosses {
  terms: number[];
  total: number;
}

/**
 * Where an iteration stands: vectors of the picture's size, or of its coefficients', and lists of numbers, by name. Every device names them alike, so that
 * one can go on where another stood.
 */
export interface EngineState {
  vectors: Record<string, Float32Array>;
  numbers: Record<string, number[]>;
}

export interface EngineSession {
  /**
   * Iterations; resolves with the losses of the last. `watch` is called after each, and the session then stands there, all
   * but its next evaluation, until proceed(): image() and save() are of that iteration. Rejects with code CANCELLED,
   * DIVERGED (with the `iteration`, from 1), or like every call OUT_OF_MEMORY, DEVICE_MEMORY or DEVICE_LOST.
   */
  step(count: number, watch?: (iteration: number, losses: EngineLosses) => void): Promise<EngineLosses>;
  /** Lets a watched step go on by one iteration. */
  proceed(): void;
  /** The result so far, which waits for an evaluation at most; the memory is the caller's. */
  image(): Promise<Float32Array>;
  /** Where it stands; waits as image() does. */
  save(): Promise<EngineState>;
  /** Goes on where another session of the same picture size and optimiser stood. Rejects with code INVALID_ARGUMENT. */
  restore(state: EngineState): Promise<void>;
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
  /** What it takes of the device's memory. */
  readonly bytes: number;
  /** Lets go of it; sessions that use it keep its memory until they go. */
  dispose(): void;
}

/** Memory that the process has set aside. */
export interface EngineReservation {
  release(): void;
}

/** A layer, in the order of the network. */
export interface EngineLayer {
  name: string;
  kind: 'conv' | 'relu' | 'pool' | 'dense';
  /** So many convolutions lead to it, its own included. */
  convolutions: number;
  /** A position stands for stride × stride pixels. */
  stride: number;
}

/** What a step of a forward pass takes: `input`, a convolution with its ReLU under the convolution's name, or a pool. */
export interface EngineLayerCost {
  name: string;
  width: number;
  height: number;
  channels: number;
  /** Of its features, as they lie in the device's memory. */
  bytes: number;
  seconds: number;
}

/** A layer's features: position by position, `channels` floats each. */
export interface EngineFeatures {
  data: Float32Array;
  width: number;
  height: number;
  channels: number;
}

/** What a network with a classifier makes of an image. */
export interface EngineRecognized {
  /** Of every class, in the mean over all positions. */
  logits: Float64Array;
  /** Of the heat: positions of the last convolution. */
  width: number;
  height: number;
  /** The likeliest classes; `heat` is how much each position speaks for one, 0 or more. */
  likely: { index: number; heat: Float32Array }[];
}

/** Which features, and how they are made. */
export interface FeatureSetup extends Omit<EngineSetup, 'terms'> {
  layers: readonly string[];
}

/** What the addon rejects with when a device, or the machine's memory, fails. */
export interface EngineFailure extends Error {
  code: 'DEVICE_MEMORY' | 'DEVICE_LOST' | 'OUT_OF_MEMORY' | 'OUT_OF_THREADS';
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
      networks: EngineNetwork[],
      options: SessionOptions & { start: EnginePicture; images: EnginePicture[]; masks: EngineMask[] },
    ): { session: Promise<EngineSession>; cancel(): void };
    /** Bytes, from sizes alone; targets are on the host, and only until the session is there. */
    estimate(
      backend: EngineBackend,
      networks: EngineArchitecture[],
      options: SessionOptions & { start: Size; images: Size[]; masks: Size[] },
    ): { network: number; session: number; targets: number };
  };
  /**
   * What an image has of the terms whose target is image 0: per term the parts of its statistic. Content is the features
   * themselves, gram the Gram matrix, mean-std the channels' means, then their deviations.
   */
  collect(
    networks: EngineNetwork[],
    options: EngineSetup & { image: EnginePicture },
  ): Promise<Float32Array[][]>;
  /** An image's features at some layers, in their order. Once cancelled it rejects with code CANCELLED. */
  features(
    network: EngineNetwork,
    options: FeatureSetup & { image: EnginePicture },
  ): { features: Promise<EngineFeatures[]>; cancel(): void };
  /** Bytes that takes, the result included, from sizes alone. */
  featureBytes(
    backend: EngineBackend,
    network: EngineArchitecture,
    options: FeatureSetup & { image: Size },
  ): number;
  /** What every step of a forward pass through a whole network takes: medians of so many passes. Cancelled as features() are. */
  layerCosts(
    network: EngineNetwork,
    options: Omit<FeatureSetup, 'layers'> & Size & { passes: number },
  ): { costs: Promise<EngineLayerCost[]>; cancel(): void };
  /** The `top` likeliest classes of an image, and where they are seen. Once cancelled it rejects with code CANCELLED. */
  recognize(
    network: EngineNetwork,
    options: { image: EnginePicture; top: number; threads: number },
  ): { recognized: Promise<EngineRecognized>; cancel(): void };
  /** Bytes that takes, from sizes alone. */
  recognitionBytes(
    backend: EngineBackend,
    network: EngineArchitecture,
    options: { image: Size; threads: number },
  ): number;
  /** The one rule of which layers a network has. */
  layers(network: EngineArchitecture): EngineLayer[];
  /** The kinds of terms that there are. */
  lossKinds: { name: string; takesMasks: boolean }[];
  /**
   * Sets memory aside for a run, in an account that the whole process shares. `available`: bytes of the device that the
   * process could take now; `taken`: those it has. Without a reservation the bytes did not fit into what was `left`.
   */
  Reservation: {
    make(
      device: string,
      bytes: number,
      available: number,
      taken: number,
    ): { reservation?: EngineReservation; left: number };
  };
  /** By a filter, held to a range. */
  resample(
    backend: EngineBackend,
    from: { data: Float32Array; width: number; height: number; channels: number },
    width: number,
    height: number,
    how: { filter: Filter; range: [low: number, high: number] },
    threads: number,
  ): Promise<Float32Array>;
  whiteNoise(
    width: number,
    height: number,
    mean: number[],
    deviation: number,
    seed: number,
  ): Promise<Float32Array>;
  /** From the range's lower end up to but not including its upper one. */
  uniformNoise(
    width: number,
    height: number,
    range: [low: number, high: number],
    seed: number,
  ): Promise<Float32Array>;
  /** Normal around a mean and with a deviation of each channel, drawn again where it is outside the range. */
  truncatedNoise(
    width: number,
    height: number,
    mean: number[],
    deviation: number[],
    range: [low: number, high: number],
    seed: number,
  ): Promise<Float32Array>;
  /** A picture with the finest detail of another of its size on it: of a Laplacian pyramid the first level. */
  addDetail(picture: EnginePicture, of: EnginePicture): Promise<Float32Array>;
  /** A picture without its so many finest details. */
  withoutDetail(picture: EnginePicture, details: number): Promise<Float32Array>;
  /** The levels of a Laplacian pyramid of so many details, as many as fit: they lie one behind the other in a vector. */
  pyramidLevels(width: number, height: number, details: number): Size[];
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
