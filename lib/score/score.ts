// Scores of pictures: how near they are to a style and to a content, by measures that no run optimises.

import { warn } from '../engine/choose.js';
import { Engine } from '../engine/engine.js';
import { featuresOf } from '../engine/features.js';
import { layersOf } from '../engine/layers.js';
import type { SharedNetwork } from '../engine/networks.js';
import { OptionError, WeightsError } from '../errors.js';
import type { Raster } from '../image/types.js';
import { type Size, sizeAt } from '../run/scales.js';
import { catalogNamed } from '../weights/catalog.js';
import { fileOf, findFile } from '../weights/find.js';
import { JudgeThread } from './arithmetic.js';
import { type Entry, type Found, halvesOf, probeAll, readAt, smallOf } from './inputs.js';
import type { References, Seen } from './judge.js';
import { type ResolvedScoreOptions, resolveScoreOptions, type ScoreOptions } from './options.js';
import type { Score } from './types.js';

/** Layers that no objective here has by default. */
const STYLE_LAYERS = ['relu2_2', 'relu3_3', 'relu4_3'];

/** LPIPS's, of a VGG-16; a VGG-19 has them too. */
const PERCEPTUAL_LAYERS = ['relu1_2', 'relu2_2', 'relu3_3', 'relu4_3', 'relu5_3'];

const SIMILARITY_LAYER = 'relu3_1';

/** What score() found. */
export interface Scores {
  /** The network that looked, by name or path. */
  network: string;
  /** The layers that were looked at. */
  layers: { style: string[]; perceptual: string[] };
  /** In the order of the pictures. */
  scores: Score[];
}

/**
 * Scores pictures of one content and one style. It changes nothing and compares no more than it is asked to; docs/score.md says
 * what each number is.
 *
 * Rejects with an OptionError, ImageError, WeightsError, DownloadError, DeviceError or MemoryError, or with the signal's reason.
 *
 * @example
 * const { scores } = await score({ picture: 'out.png', content: 'river.jpg', style: 'night.jpg' });
 * console.log(scores[0].position.style);
 */
export async function score(given: ScoreOptions): Promise<Scores> {
  const options = resolveScoreOptions(given);
  options.signal?.throwIfAborted();
  const weights = await weightsOf(options);
  const file = await findFile(weights, options);
  const found = await probeAll(options);
  const engine = await Engine.open({ ...options, precision: 'exact' });
  try {
    return await scoreOn(engine, file, weights, found, options);
  } catch (error) {
    return await scoreOn(await engine.retreat(error, options), file, weights, found, options);
  } finally {
    await engine.close();
  }
}

/** The network asked for, else the best that there is. */
async function weightsOf(options: ResolvedScoreOptions): Promise<string> {
  const asked = options.weights ?? process.env.SCUMBLE_WEIGHTS;
  if (asked) return asked;
  if (await fileOf(catalogNamed('vgg19'))) return 'vgg19';
  const advice = 'vgg19 tells more apart: get it with "scumble weights pull vgg19"';
  await warn(options, new OptionError('weights', undefined, `scored with vgg19-slim; ${advice}`));
  return 'vgg19-slim';
}

async function scoreOn(
  engine: Engine,
  file: string,
  weights: string,
  found: Found,
  options: ResolvedScoreOptions,
): Promise<Scores> {
  const network = await engine.networks.open(file);
  const layers = await layersFor(network, file, options);
  const scores: Score[] = [];
  for (const entries of bySize(found.pictures).values()) {
    const thread = new JudgeThread();
    const stop = () => thread.end();
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      const see = eye(engine, network, layers, options);
      await thread.prepare({ ...(await references(found, entries[0]!.size, options, see)), layers });
      for (const { source, option, header, size } of entries) {
        const [image, small] = await readAt(options, source, option, header, [size, smallOf(size)]);
        scores[found.pictures.findIndex((one) => one.option === option)] = await thread.score(
          await see(image!, small),
        );
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', stop);
      await thread.end();
    }
  }
  return { network: weights, layers, scores };
}

/** Those of the layers that the network has, which is said where it lacks some. @throws WeightsError if it has too few */
async function layersFor(
  network: SharedNetwork,
  file: string,
  options: ResolvedScoreOptions,
): Promise<Scores['layers']> {
  const names = layersOf(network.shape).map(({ name }) => name);
  const missing = (layers: string[]) => layers.filter((layer) => !names.includes(layer));
  const needed = missing([...STYLE_LAYERS, SIMILARITY_LAYER]);
  if (needed.length > 0)
    throw new WeightsError(file, `scores need ${needed.join(', ')}, which this ${network.shape.name} lacks`);
  const lacks = missing(PERCEPTUAL_LAYERS);
  if (lacks.length > 0) {
    const problem = `the network has no ${lacks.join(', ')}: the perceptual distance goes without`;
    await warn(options, new OptionError('weights', options.weights, problem));
  }
  return { style: STYLE_LAYERS, perceptual: PERCEPTUAL_LAYERS.filter((layer) => !lacks.includes(layer)) };
}

function bySize(pictures: Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of pictures) {
    const key = `${entry.size.width}x${entry.size.height}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return groups;
}

type See = (image: Raster, small?: Raster) => Promise<Seen>;

function eye(
  engine: Engine,
  network: SharedNetwork,
  { perceptual, style }: Scores['layers'],
  options: ResolvedScoreOptions,
): See {
  const layers = [...new Set([...perceptual, ...style])];
  return async (image, small) => {
    const found = await featuresOf(engine, network, image, layers, options);
    const features = Object.fromEntries(layers.map((layer, i) => [layer, found[i]!]));
    if (!small) return { image, features };
    const [similar] = await featuresOf(engine, network, small, [SIMILARITY_LAYER], options);
    return { image, features, small: similar! };
  };
}

/** What pictures of this size are compared with. */
async function references(
  { content, style }: Found,
  size: Size,
  options: ResolvedScoreOptions,
  see: See,
): Promise<Omit<References, 'layers'>> {
  const sizes = [size, smallOf(size)];
  const [photograph, smallPhotograph] = await readAt(options, options.content, 'content', content, sizes);
  const side = Math.max(size.width, size.height);
  const own = sizeAt(style, side);
  const [painting, laid, smallLaid] = await readAt(options, options.style, 'style', style, [own, ...sizes]);
  const crops: Seen[] = [];
  for (const half of halvesOf(painting!)) crops.push(await see(half));
  return {
    content: await see(photograph!, smallPhotograph),
    style: await see(painting!),
    crops,
    laid: await see(laid!, smallLaid),
  };
}
