// Made by `npm run docs:options` from the topics in this folder: change those.

import type { ScumbleError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import type { Progress } from '../run/progress.js';
import type { ByScale } from './by-scale.js';
import type { LayerWeights } from './kinds.js';

/** The options of stylize(). */
export interface StylizeOptions {
  /**
   * Options to begin from: a preset by name (see scumble presets) or a JSON file of one. Default: none.
   * Whatever else is given takes the place of what it says. [presets.md](presets.md) says what each is.
   */
  preset?: string;
  /** The image that says what the picture shows. A path, `file:` URL, encoded image or raw pixels. */
  content: ImageSource;
  /** The images that say how it is painted. One or a list of several. */
  style: ImageSource | readonly ImageSource[];
  /** Long side of style images over the picture's, above 0. Default: `1`. Larger means larger strokes. */
  styleScale?: number;
  /**
   * Share of a style image that is left out at each edge, 0 to below 0.5. Default: `0.025`. A frame or an
   * unpainted rim would else be painted along the edges of the picture.
   */
  styleMargin?: number;
  /** A weight for each style image, 0 or more, not all 0. Default: equal. They are scaled to sum to 1. */
  styleBlend?: readonly number[];
  /**
   * Whether floating-point TIFF files without a colour profile are linear light. Default: `false`. If not,
   * they are sRGB from 0 to 1, as their 8-bit twins are.
   */
  linear?: boolean;
  /** Largest image that is read, in pixels, 1 or more. Default: `268435456`. The default is 16384 × 16384. */
  maxPixels?: number;
  /**
   * Whose colours the picture ends with: none, palette, content-colours or content-chrominance. Default:
   * `palette`. `none`: those it was painted with; `palette`: hues, saturation and brightness are moved to
   * the mean and spread of the style's; `content-colours`: as `palette`, but what has which colour is the
   * content's; `content-chrominance`: the content's chrominance with the luminance that was painted, as
   * jcjohnson/neural-style.
   */
  finish?: 'none' | 'palette' | 'content-colours' | 'content-chrominance';
  /**
   * How far contrast and chroma go to the style's, 0 or more. Default: `1.1`. At 0 they are as painted, at 1
   * those of the style, at 1.2 a fifth more. With a `finish` chroma is that of the style below 1 too. Light
   * stays lighter than dark, and what sRGB cannot show loses chroma.
   */
  vividness?: number;
  /** Long side of the picture in pixels, 1..65536. Default: `512`. */
  size?: number;
  /**
   * Where to start: content, coarse-content, noise, gray, uniform, normal, style-stats, mean-colour or an
   * image. Default: `content`. `content` is the content image; `coarse-content` is that without the three
   * finest levels of its Laplacian pyramid; `noise` white noise around the network's mean colour; `gray`
   * 127.5 to 128.5, `uniform` 0 to 255, both uniform; `normal` normal around 127.5 with a deviation of
   * 63.75, cut off at 0 and 255; `style-stats` the same with each channel's mean and variance in the styles;
   * `mean-colour` the styles' mean colour with the content's finest detail. An image file of such a name is
   * written `./noise`.
   */
  init?: ImageSource;
  /** Noise: its standard deviation in 0..255, 0 or more. Default: `64`. jcjohnson/neural-style has 0.001. */
  noiseDeviation?: number;
  /** Seed of the noise, 0..2^53-1. Default: `0`. */
  seed?: number;
  /** Weight of the content loss, 0 or more, or a list. Default: `50`. */
  contentWeight?: ByScale;
  /** Layers whose features should be the content's: names, or names with weights. Default: `relu4_2`. */
  contentLayers?: LayerWeights;
  /**
   * Weight of the loss of the style's channel histograms, 0 or more, or a list. Default: `0`. At 0 it is not
   * computed.
   */
  histogramWeight?: ByScale;
  /**
   * Layers whose channel histograms should be the style's: names, or names with weights. Default:
   * `relu1_1,relu4_1`.
   */
  histogramLayers?: LayerWeights;
  /**
   * Weight of the relaxed earth mover's distance, 0 or more, or a list. Default: `10000000`. Between samples
   * of picture and style, over all `hypercolumns`; 0 to 2. At 0 it is not computed.
   */
  relaxedEmdWeight?: ByScale;
  /**
   * Weight of the moments of samples, 0 or more, or a list. Default: `0`. Their means and covariances should
   * be the style's, over all `hypercolumns`. At 0 it is not computed.
   */
  momentsWeight?: ByScale;
  /**
   * Weight of the palette, 0 or more, or a list. Default: `50000`. The relaxed earth mover's distance of
   * colours. At 0 it is not computed.
   */
  paletteWeight?: ByScale;
  /**
   * Weight of self-similarity, 0 or more, or a list. Default: `0`. What is alike in the content should be in
   * the picture, over all `hypercolumns`. At 0 it is not computed.
   */
  selfSimilarityWeight?: ByScale;
  /**
   * Weight of the distance from the style that is nearest to the content, 0 or more, or a list. Default:
   * `0`. What the picture should become at every place is found once for each scale: of the style's samples
   * the one that is nearest to the content there, over all `hypercolumns`; 0 to 2. At 0 it is not computed.
   */
  nearestFieldWeight?: ByScale;
  /**
   * Layers that samples take side by side: names. Default: `relu1_1,relu2_1,relu3_1,relu3_2,relu4_2`.
   * `picture` is the picture itself. The default are layers that every VGG has, none behind that of the
   * content.
   */
  hypercolumns?: readonly string[];
  /** Samples of the picture in each iteration, 1..65536. Default: one for 128 pixels, 64..1024. */
  samples?: number;
  /** Samples of the style images together, 1..65536. Default: five times as many, 5000 at most. */
  styleSamples?: number;
  /**
   * Weight of the loss of the style's channel means and deviations, 0 or more, or a list. Default: `0`. At 0
   * it is not computed.
   */
  meanStdWeight?: ByScale;
  /**
   * Layers whose channel means and deviations should be the style's: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1,relu5_1`.
   */
  meanStdLayers?: LayerWeights;
  /**
   * Weight of the distance of the picture's features from the style's nearest, 0 or more, or a list.
   * Default: `0`. At 0 it is not computed. It brings out brush strokes, best in a last run over a picture
   * that is nearly done, with `optimizer: adam`.
   */
  nearestWeight?: ByScale;
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
  /**
   * Scale every term's gradient at its own layer so that its magnitudes sum to the weight. Default: `false`.
   * As jcjohnson/neural-style: a term then pulls by its weight, however large its loss. Losses are told as
   * they are; the total variation is not scaled.
   */
  normalizeGradients?: boolean;
  /**
   * Weight of the sliced Wasserstein distance to the style's features, 0 or more, or a list. Default: `0`.
   * At 0 it is not computed.
   */
  slicedWeight?: ByScale;
  /**
   * Layers whose features should be distributed as the style's: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1`.
   */
  slicedLayers?: LayerWeights;
  /**
   * Weight of the style loss, the classic one, 0 or more, or a list. Default: `0`. neural-style has 100,
   * with a content weight of 5. At 0 it is not computed.
   */
  styleWeight?: ByScale;
  /**
   * Layers whose statistic should be the style's: names, or names with weights. Default:
   * `relu1_1,relu2_1,relu3_1,relu4_1,relu5_1`.
   */
  styleLayers?: LayerWeights;
  /**
   * The statistic of features that the style loss compares: gram, mean-std, histogram or wasserstein.
   * Default: `gram`. Gram matrices, means and deviations of channels, histograms of channels, or means and
   * covariances by their Wasserstein-2 distance. Others may be added to it by weights of their own.
   */
  statistic?: 'gram' | 'mean-std' | 'histogram' | 'wasserstein';
  /**
   * Weight of the total variation, 0 or more, or a list. Default: `3000`. neural-style-pt has 0.001, of the
   * kind `absolute`. It is of differences of neighbours in 0..255.
   */
  tvWeight?: ByScale;
  /**
   * What of neighbours is summed: absolute, squared, gradient or diagonal. Default: `squared`. `absolute`:
   * the differences' magnitudes, as neural-style-pt; `squared`: the mean of their squares, as
   * anishathalye/neural-style; `gradient`: half the sum of their squares without the last row and column,
   * whose gradient counts and whose loss does not, as jcjohnson/neural-style; `diagonal`: the mean of their
   * squares with those of diagonals, as crowsonkb.
   */
  tvKind?: 'absolute' | 'squared' | 'gradient' | 'diagonal';
  /**
   * Weight of the Wasserstein-2 distance from the style's means and covariances, 0 or more, or a list.
   * Default: `24`. At 0 it is not computed.
   */
  wassersteinWeight?: ByScale;
  /**
   * Layers whose means and covariances should be the style's: names, or names with weights. Default:
   * `relu1_1:256,relu2_1:64,relu3_1:16,relu4_1:4`. By default they weigh as in
   * crowsonkb/style-transfer-pytorch, without the deepest, which lies behind the content.
   */
  wassersteinLayers?: LayerWeights;
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
  /**
   * What a pool makes is multiplied by it, above 0. Default: `1`. crowsonkb has 2 for average and 0.78 for
   * l2.
   */
  poolingScale?: number;
  /** Pooling of odd sizes: floor or ceil. Default: `floor`. */
  rounding?: 'floor' | 'ceil';
  /**
   * What the first convolution sees beyond the picture's edge: zero or replicate. Default: the network's
   * own. `zero` is the mean colour, `replicate` the nearest pixel.
   */
  padding?: 'zero' | 'replicate';
  /**
   * What white is in the input of the network, above 0. Default: the network's own. jcjohnson/neural-style
   * has 256 where the network was trained with 255.
   */
  inputRange?: number;
  /**
   * Most scales, 1..64. Default: `64`. There are as many as fit between `minSize` and `size`; 1 turns the
   * pyramid off.
   */
  scales?: number;
  /** How many times as large a scale is as the one before, above 1. Default: √2. */
  scaleFactor?: number;
  /** Long side of the smallest scale in pixels, 1..65536. Default: `64`. */
  minSize?: number;
  /**
   * How many times the largest scale is painted, 1..64. Default: `1`. Each pass begins with the picture of
   * the one before and is a scale by itself in lists by scale, such as `learningRate` and the weights, and
   * to `carry`.
   */
  passes?: number;
  /**
   * How long to look for better at each scale: draft, good or best. Default: good, unless iterations are
   * given. Each has a most for every scale, and leaves it when the total loss hardly goes down any more.
   * `draft` takes about half the time of `good`, `best` twice as long. See [quality.md](quality.md).
   */
  quality?: 'draft' | 'good' | 'best';
  /**
   * Iterations at each scale, in place of a quality, 1 or more, or a list. Default: by quality. As the
   * weights of losses and `learningRate`, one number for all scales, or a list from the smallest on, whose
   * last is for all that are left; what stands behind `'...'` is for the last ones instead. Exactly so many
   * are done.
   */
  iterations?: ByScale;
  /**
   * Whether every scale but the first and the last begins with the content's finest detail on it. Default:
   * `false`. STROTSS adds it to the picture of the scale before.
   */
  startDetail?: boolean;
  /**
   * How images are resized: lanczos, cubic, sharp-cubic, triangle or box. Default: `lanczos`. All but `box`
   * widen when they shrink. `cubic` and `triangle` are Pillow's bicubic and bilinear, `sharp-cubic`
   * PyTorch's bicubic, `box` Torch's bilinear: the mean of the area when shrinking, linear between corners
   * that stay corners when enlarging.
   */
  filter?: 'lanczos' | 'cubic' | 'sharp-cubic' | 'triangle' | 'box';
  /**
   * Round resized images to whole steps of 0..255, as Pillow does. Default: `false`. First across, then
   * down. The picture that goes from one scale to the next is not rounded.
   */
  wholeSteps?: boolean;
  /**
   * How the picture is resized from one scale to the next: lanczos, cubic, sharp-cubic, triangle or box.
   * Default: `lanczos`. So are the moments that are carried, but means of squares, which cannot be negative,
   * linearly.
   */
  carryFilter?: 'lanczos' | 'cubic' | 'sharp-cubic' | 'triangle' | 'box';
  /**
   * Leave style images as small as they are, instead of enlarging them to the size wanted. Default: `false`.
   */
  keepSmallStyles?: boolean;
  /**
   * What is optimised: pixels or laplacian. Default: `pixels`. `laplacian` is the coefficients of a
   * Laplacian pyramid of the picture: a step then moves coarse forms at once. The result is a picture all
   * the same.
   */
  variable?: 'pixels' | 'laplacian';
  /**
   * Laplacian: levels of detail, 1..30. Default: `5`. Beside them there is what is left. There are no more
   * than there are sides to halve.
   */
  variableLevels?: number;
  /** The optimiser: lbfgs, adam or rmsprop. Default: `lbfgs`. */
  optimizer?: 'lbfgs' | 'adam' | 'rmsprop';
  /**
   * The optimiser's step, above 0, or a list. Default: 1 for lbfgs, 5 for adam, 0.5 for rmsprop. Adam's and
   * RMSprop's is in units of 0..255; L-BFGS's is a factor on its own step, torch's `lr`.
   */
  learningRate?: ByScale;
  /**
   * L-BFGS: pairs remembered, 1..1000. Default: `10`. Each costs 24 bytes a pixel, a third more with a
   * Laplacian pyramid.
   */
  history?: number;
  /**
   * L-BFGS: what a scale begins with, the mean change of a pixel in 0..255, 0 or more. Default: `2`. 0 is
   * torch's, with which all pixels together change by 1 at most: four or five iterations are lost at every
   * scale where losses draw samples.
   */
  firstStep?: number;
  /** Adam: decay of the gradient's mean, 0 to below 1. Default: `0.9`. */
  beta1?: number;
  /**
   * Adam, RMSprop: decay of the mean of its square, 0 to below 1. Default: 0.999 for adam, 0.99 for rmsprop.
   * torch calls RMSprop's `alpha`.
   */
  beta2?: number;
  /** Adam, RMSprop: added to the divisor, above 0. Default: `1e-8`. */
  epsilon?: number;
  /**
   * What the optimiser takes over from one scale to the next: nothing or moments. Default: `nothing`.
   * `moments` are Adam's or RMSprop's, resized (of a pyramid level by level), with Adam's count of steps;
   * L-BFGS always begins afresh.
   */
  carry?: 'nothing' | 'moments';
  /**
   * Whether pixels are held to 0..255 after every step. Default: `false`. A Laplacian pyramid has none to
   * hold.
   */
  clamp?: boolean;
  /**
   * Decay of a running mean of iterates that becomes the picture (at 0 it is the best one), 0 to below 1.
   * Default: `0`. The mean begins anew at each scale, with its start, and its bias is corrected, as in Adam.
   * The best is the one with the lowest total loss.
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
  /**
   * A file to save the run to on its way, to go on from (see scumble resume). Default: none. It has to be
   * new. The one before it stays beside it: `run.previous.ckpt` beside `run.ckpt`. What cannot be written is
   * warned of, and the run goes on. See [long-runs.md](long-runs.md).
   */
  checkpoint?: string;
  /**
   * How often: iterations as 50, or seconds as 60s. Default: `60s`. One is saved at the end of every scale
   * as well, and by the command when a signal stops it.
   */
  checkpointEvery?: number | string;
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
