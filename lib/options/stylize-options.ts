// Made by `npm run docs:options` from the topics in this folder: change those.

import type { ScumbleError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import type { Progress } from '../run/progress.js';
import type { LayerWeights } from './kinds.js';

/** The options of stylize(). */
export interface StylizeOptions {
  /** The image that says what the picture shows. A path, `file:` URL, encoded image or raw pixels. */
  content: ImageSource;
  /** The images that say how it is painted. One or a list of several. */
  style: ImageSource | readonly ImageSource[];
  /** Long side of style images over the picture's, above 0. Default: `1`. Larger means larger strokes. */
  styleScale?: number;
  /** A weight for each style image, 0 or more, not all 0. Default: equal. They are scaled to sum to 1. */
  styleBlend?: readonly number[];
  /**
   * Whether floating-point TIFF files without a colour profile are linear light. Default: `false`. If not,
   * they are sRGB from 0 to 1, as their 8-bit twins are.
   */
  linear?: boolean;
  /** Largest image that is read, in pixels, 1 or more. Default: `268435456`. The default is 16384 × 16384. */
  maxPixels?: number;
  /** Long side of the picture in pixels, 1..65536. Default: `512`. */
  size?: number;
  /**
   * Where to start: content, noise or an image. Default: `content`. `content` is the content image, `noise`
   * white noise; an image file of such a name is written `./noise`.
   */
  init?: ImageSource;
  /** Seed of the noise, 0..2^53-1. Default: `0`. */
  seed?: number;
  /** Weight of the content loss, 0 or more. Default: `5`. */
  contentWeight?: number;
  /** Layers whose features should be the content's: names, or names with weights. Default: `relu4_2`. */
  contentLayers?: LayerWeights;
  /**
   * Weight of the loss of the style's channel histograms, 0 or more. Default: `0`. At 0 it is not computed.
   */
  histogramWeight?: number;
  /**
   * Layers whose channel histograms should be the style's: names, or names with weights. Default:
   * `relu1_1,relu4_1`.
   */
  histogramLayers?: LayerWeights;
  /**
   * Weight of the loss of the style's channel means and deviations, 0 or more. Default: `0`. At 0 it is not
   * computed.
   */
  meanStdWeight?: number;
  /**
   * Layers whose channel means and deviations should be the style's: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1,relu5_1`.
   */
  meanStdLayers?: LayerWeights;
  /**
   * Weight of the distance of the picture's features from the style's nearest, 0 or more. Default: `0`. At 0
   * it is not computed. It brings out brush strokes, best in a last run over a picture that is nearly done,
   * with `optimizer: adam`.
   */
  nearestWeight?: number;
  /**
   * Layers whose features should be like the style's nearest: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1`.
   */
  nearestLayers?: LayerWeights;
  /**
   * How much farther away a place of the style is for every time that it has been taken, 0 or more. Default:
   * `0.05`. Keeps one place of the style from being repeated everywhere. At 0 only the distance counts.
   */
  nearestOccurrence?: number;
  /** Weight of the style loss, 0 or more. Default: `100`. */
  styleWeight?: number;
  /**
   * Layers whose Gram matrices should be the style's: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1,relu5_1`.
   */
  styleLayers?: LayerWeights;
  /**
   * Weight of the total variation, 0 or more. Default: `0.001`. It is the sum of absolute differences of
   * neighbours in 0..255.
   */
  tvWeight?: number;
  /**
   * A network by name (see scumble weights list) or a safetensors file. Default: SCUMBLE_WEIGHTS, or else
   * vgg19-slim. The file holds a VGG-11, 13, 16 or 19 of any widths, under any prefix. SCUMBLE_WEIGHTS is a
   * variable of the environment; `vgg19-slim` is part of the package.
   */
  weights?: string;
  /**
   * Whether a network that is not here yet may be downloaded. Default: `false`. That is up to 575 MB;
   * pullWeights() does it ahead, with progress. If not, the run rejects with a DownloadError that says how
   * to get it.
   */
  download?: boolean;
  /** How the network pools: max, average or l2. Default: `max`. */
  pooling?: 'max' | 'average' | 'l2';
  /** Pooling of odd sizes: floor or ceil. Default: `floor`. */
  rounding?: 'floor' | 'ceil';
  /**
   * Most scales, each √2 larger, 1..64. Default: `64`. There are as many as fit between `minSize` and
   * `size`; 1 turns the pyramid off.
   */
  scales?: number;
  /** Long side of the smallest scale in pixels, 1..65536. Default: `128`. */
  minSize?: number;
  /** Iterations at each scale, 1 or more. Default: `100`. There are five scales at the default sizes. */
  iterations?: number;
  /** The optimiser: lbfgs or adam. Default: `lbfgs`. */
  optimizer?: 'lbfgs' | 'adam';
  /** The optimiser's step, above 0. Default: 1 for lbfgs, 5 for adam. Adam's is in units of 0..255. */
  learningRate?: number;
  /** L-BFGS: pairs remembered, 1..1000. Default: `10`. Each costs 24 bytes a pixel. */
  history?: number;
  /** Adam: decay of the gradient's mean, 0 to below 1. Default: `0.9`. */
  beta1?: number;
  /** Adam: decay of the mean of its square, 0 to below 1. Default: `0.999`. */
  beta2?: number;
  /** Adam: added to the divisor, above 0. Default: `1e-8`. */
  epsilon?: number;
  /**
   * Decay of a running mean of iterates that becomes the picture (at 0 it is the best one), 0 to below 1.
   * Default: `0`. The best is the one with the lowest total loss.
   */
  averaging?: number;
  /**
   * Where to compute (see scumble devices): auto, cpu, cuda or cuda:<number>. Default: `auto`. `cuda` is the
   * first GPU, `cuda:1` that one, `auto` the first that can be used, else the CPU. A run on `auto` whose GPU
   * has too little memory or fails goes on on the CPU and says so, see `onWarning`.
   */
  device?: string;
  /**
   * How exactly to compute: exact, balanced or fast. Default: fast on a GPU, exact on the CPU. `exact`:
   * float32; `balanced`: products of TF32; `fast`: bfloat16 with float32 sums, whose final loss is within
   * 1 % of the exact one. A device that has nothing faster computes exactly.
   */
  precision?: 'exact' | 'balanced' | 'fast';
  /**
   * Threads of the CPU, 1..1024. Default: as many as the machine runs at once. The picture does not depend
   * on it.
   */
  threads?: number;
  /** Called after every iteration. A promise it returns is waited for. What it throws ends the run. */
  onProgress?: (progress: Progress) => unknown;
  /**
   * Called when a run goes on otherwise than could be expected. Default: process.emitWarning(). It is given
   * why: the error after which a run on `auto` goes on on the CPU, or that a GPU's kernels failed the
   * self-check and are not used. What it throws ends the run.
   */
  onWarning?: (warning: ScumbleError) => unknown;
  /** Aborts within one iteration (on a GPU two). The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}
