// The options of stylize(): their types, defaults and checks. Everything a caller can get wrong in a value is caught
// here, before any file is opened.

import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { type DeviceError, OptionError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import type { Progress } from '../run/progress.js';
import { DEFAULT_NETWORK } from '../weights/catalog.js';

/** How exactly to compute, least exact last. */
export type Precision = 'exact' | 'balanced' | 'fast';

/** Layers with a weight each (names alone weigh 1): `['relu4_2']` or `{ relu1_1: 1, relu2_1: 0.5 }`. */
export type LayerWeights = readonly string[] | Readonly<Record<string, number>>;

export interface StylizeOptions {
  /** What the picture shows: a path, `file:` URL, encoded image or raw pixels. */
  content: ImageSource;
  /** How it is painted: one image or several. */
  style: ImageSource | readonly ImageSource[];
  /** Weight of each style image, ≥ 0, not all 0; they are scaled to sum to 1. Default: equal. */
  styleBlend?: readonly number[];
  /** Long side of the picture in pixels, 1..65536. Default 512. */
  size?: number;
  /** Long side of the style images relative to the picture's, > 0. Larger means larger strokes. Default 1. */
  styleScale?: number;
  /** Iterations at each scale, ≥ 1. Default 100: 500 in all at the default size, which is five scales. */
  iterations?: number;
  /**
   * The network: a name of the catalogue (`vgg19-slim`, `vgg19`, `vgg16` …, see `scumble weights list`) or a safetensors
   * file. Default: what the environment variable SCUMBLE_WEIGHTS says, or else `'vgg19-slim'`, which is part of the
   * package.
   */
  weights?: string;
  /**
   * Whether a network of the catalogue that is not on this machine yet may be downloaded (up to 575 MB; pullWeights()
   * does it ahead, with progress). Default false: the run then rejects with a DownloadError that says how to get it.
   */
  download?: boolean;
  /** Layers whose features should be the content image's. Default `['relu4_2']`. */
  contentLayers?: LayerWeights;
  /** Layers whose Gram matrices should be the style images'. Default `['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']`. */
  styleLayers?: LayerWeights;
  /** ≥ 0. Default 5. */
  contentWeight?: number;
  /** ≥ 0. Default 100. */
  styleWeight?: number;
  /** Weight of the total variation, the sum of absolute differences of neighbours in 0..255; ≥ 0. Default 0.001. */
  tvWeight?: number;
  /** Where to start: the content image, white noise, or an image (a path other than these two words). Default `'content'`. */
  init?: 'content' | 'noise' | ImageSource;
  /** Default `'lbfgs'`. */
  optimizer?: 'lbfgs' | 'adam';
  /** > 0. Default 1 for L-BFGS, 5 for Adam (in units of 0..255). */
  learningRate?: number;
  /** L-BFGS: pairs remembered, 1..1000; each costs 24 bytes a pixel. Default 10. */
  history?: number;
  /** Adam: decay of the first moment, [0, 1). Default 0.9. */
  beta1?: number;
  /** Adam: decay of the second moment, [0, 1). Default 0.999. */
  beta2?: number;
  /** Adam: > 0. Default 1e-8. */
  epsilon?: number;
  /**
   * Decay of a running mean of the iterates that becomes the picture, [0, 1). Default 0: the picture is the iterate
   * with the lowest total loss.
   */
  averaging?: number;
  /** Default `'max'`. */
  pooling?: 'max' | 'average' | 'l2';
  /** What a pooling makes of an odd size. Default `'floor'`. */
  rounding?: 'floor' | 'ceil';
  /** Most scales of the pyramid; 1 turns it off. Default: as many √2 steps as fit between `minSize` and `size`. */
  scales?: number;
  /** Long side of the pyramid's smallest scale, ≥ 1. Default 128. */
  minSize?: number;
  /** Seed of the noise, 0..2^53 - 1. Default 0. */
  seed?: number;
  /**
   * Where to compute: `'cpu'`, `'cuda'` (the first GPU), `'cuda:1'` (that one), or `'auto'`: the first GPU that can be used,
   * else the CPU. A run on `'auto'` whose GPU has too little memory or fails goes on on the CPU and says so, see
   * `onWarning`. Default `'auto'`.
   */
  device?: string;
  /**
   * How exactly to compute. `'exact'`: float32; `'balanced'`: products of TF32; `'fast'`: bfloat16 with float32 sums, whose
   * final loss is within 1 % of the exact one's. A device that has nothing faster computes exactly. Default: `'fast'` on a
   * GPU, `'exact'` on the CPU.
   */
  precision?: Precision;
  /** Threads that compute on the CPU, 1..1024; the picture does not depend on it. Default: as many as the machine runs at once. */
  threads?: number;
  /** Largest input image in pixels. Default 268435456 (16384 × 16384). */
  maxPixels?: number;
  /** Called after every iteration; a promise it returns is waited for. What it throws ends the run. */
  onProgress?: (progress: Progress) => unknown;
  /**
   * Called when a run goes on otherwise than could be expected: with `'auto'` on the CPU, after the error that it is given;
   * or clear of a GPU's kernels that failed the self-check. What it throws ends the run. Default: process.emitWarning().
   */
  onWarning?: (warning: DeviceError) => unknown;
  /** Aborts within one iteration (on a GPU two); the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  content: ImageSource;
  styles: ImageSource[];
  /** Sums to 1. */
  styleBlend: number[];
  size: number;
  styleScale: number;
  iterations: number;
  weights: string;
  download: boolean;
  contentLayers: Record<string, number>;
  styleLayers: Record<string, number>;
  contentWeight: number;
  styleWeight: number;
  tvWeight: number;
  init: 'content' | 'noise' | ImageSource;
  optimizer: 'lbfgs' | 'adam';
  learningRate: number;
  history: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  averaging: number;
  pooling: 'max' | 'average' | 'l2';
  rounding: 'floor' | 'ceil';
  scales: number;
  minSize: number;
  seed: number;
  device: string;
  precision?: Precision | undefined;
  threads: number;
  maxPixels: number;
  onProgress?: ((progress: Progress) => unknown) | undefined;
  onWarning?: ((warning: DeviceError) => unknown) | undefined;
  signal?: AbortSignal | undefined;
}

const LEARNING_RATE = { lbfgs: 1, adam: 5 };

// Every message completes "<option> must be …".
const number = (ok: (n: number) => boolean, what: string) => z.number(what).refine(ok, what);
const integer = (low: number, high: number) =>
  number((n) => Number.isInteger(n) && n >= low && n <= high, `an integer from ${low} to ${high}`);
const weight = number((n) => n >= 0, 'a number that is 0 or more');
const positive = number((n) => n > 0, 'a number above 0');
const decay = number((n) => n >= 0 && n < 1, 'a number from 0 up to but not including 1');
const image = z.custom<ImageSource>(
  (v) =>
    (typeof v === 'string' && v !== '') ||
    v instanceof URL ||
    v instanceof Uint8Array ||
    v instanceof ArrayBuffer ||
    (typeof v === 'object' && v !== null && 'data' in v),
  'a path, a file: URL, a Buffer or { data, width, height, channels }',
);
const LAYERS = 'layer names, or an object of layers and weights, at least one';
const layers = z
  .union([z.array(z.string('a layer name')), z.record(z.string(), weight)], LAYERS)
  .transform(
    (given): Record<string, number> =>
      Array.isArray(given) ? Object.fromEntries(given.map((name) => [name, 1])) : given,
  )
  .refine((given) => Object.keys(given).length > 0, LAYERS);

const DEVICE = 'auto, cpu, cuda or cuda:<number>';
const WEIGHTS = 'a name or a path';
const STYLE = 'an image, or a list of at least one';
const BLEND = 'a list of numbers that are 0 or more and not all 0';

const schema = z.strictObject({
  content: image,
  style: z.union([z.array(image).min(1, STYLE), image], STYLE),
  styleBlend: z
    .array(weight, BLEND)
    .refine((blend) => blend.some((b) => b > 0), BLEND)
    .optional(),
  size: integer(1, 65536).default(512),
  styleScale: positive.default(1),
  iterations: integer(1, 1e9).default(100),
  weights: z.string(WEIGHTS).min(1, WEIGHTS).optional(),
  download: z.boolean('true or false').default(false),
  contentLayers: layers.default({ relu4_2: 1 }),
  styleLayers: layers.default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 }),
  contentWeight: weight.default(5),
  styleWeight: weight.default(100),
  tvWeight: weight.default(0.001),
  init: image.default('content'),
  optimizer: z.enum(['lbfgs', 'adam'], 'lbfgs or adam').default('lbfgs'),
  learningRate: positive.optional(),
  history: integer(1, 1000).default(10),
  beta1: decay.default(0.9),
  beta2: decay.default(0.999),
  epsilon: positive.default(1e-8),
  averaging: decay.default(0),
  pooling: z.enum(['max', 'average', 'l2'], 'max, average or l2').default('max'),
  rounding: z.enum(['floor', 'ceil'], 'floor or ceil').default('floor'),
  scales: integer(1, 64).default(64),
  minSize: integer(1, 65536).default(128),
  seed: integer(0, Number.MAX_SAFE_INTEGER).default(0),
  device: z
    .string(DEVICE)
    .regex(/^(auto|cpu|cuda(:\d{1,3})?)$/, DEVICE)
    .default('auto'),
  precision: z.enum(['exact', 'balanced', 'fast'], 'exact, balanced or fast').optional(),
  threads: integer(1, 1024).default(() => availableParallelism()),
  maxPixels: integer(1, 2 ** 40).default(2 ** 28),
  onProgress: z
    .custom<ResolvedOptions['onProgress']>((v) => typeof v === 'function', 'a function')
    .optional(),
  onWarning: z.custom<ResolvedOptions['onWarning']>((v) => typeof v === 'function', 'a function').optional(),
  signal: z.custom<AbortSignal>((v) => v instanceof AbortSignal, 'an AbortSignal').optional(),
});

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveOptions(given: StylizeOptions): ResolvedOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw optionError(innermost(parsed.error.issues[0]!), given);
  const { style, styleBlend, weights, learningRate, ...rest } = parsed.data;
  const styles = Array.isArray(style) ? style : [style];
  const blend = styleBlend ?? styles.map(() => 1);
  if (blend.length !== styles.length) {
    throw new OptionError(
      'styleBlend',
      styleBlend,
      `styleBlend has ${blend.length} weights for ${styles.length} style images`,
    );
  }
  const largest = Math.max(...blend); // so that the sum cannot overflow
  const sum = blend.reduce((a, b) => a + b / largest, 0);
  return {
    ...rest,
    styles,
    styleBlend: blend.map((b) => b / largest / sum),
    weights: weights ?? (process.env.SCUMBLE_WEIGHTS || DEFAULT_NETWORK),
    learningRate: learningRate ?? LEARNING_RATE[rest.optimizer],
  };
}

/** Of a union's alternatives, the one that got into the value, say as far as an element of a list. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().find(({ path }) => path.length > 0);
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

function optionError(issue: z.core.$ZodIssue, given: unknown): OptionError {
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const value = (given as Record<string, unknown>)[key];
    return new OptionError(key, value, `${key} is not an option of stylize()`);
  }
  if (issue.path.length === 0)
    return new OptionError('options', given, 'stylize() takes an object of options');
  const [option, ...inner] = issue.path.map(String);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], given);
  const name = option + inner.map((key) => `[${key}]`).join('');
  if (value === undefined) return new OptionError(option!, value, `${name} is missing`);
  return new OptionError(option!, value, `${name} must be ${issue.message}, not ${show(value)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
    return `an object of type ${value.constructor?.name ?? 'null'}`;
  }
  return String(value);
}
