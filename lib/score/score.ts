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
import { tinter } from './tint.js';
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
      const { references, tint } = await comparedWith(found, entries[0]!.size, options, see);
      await thread.prepare({ ...references, layers });
      for (const { source, option, header, size } of entries) {
        const [image, small] = await readAt(options, source, option, header, [size, smallOf(size)]);
        scores[found.pictures.findIndex((one) => one.option === option)] = await thread.score(
          await see({ image: image!, small }, tint),
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

/** What is to be seen of an image: its content measures need it also at 256 pixels. */
interface Sight {
  image: Raster;
  small?: Raster | undefined;
  /** Whether it is compared with the style. */
  styled?: boolean;
}

type See = (sight: Sight, tint?: (image: Raster) => Raster) => Promise<Seen>;

function eye(
  engine: Engine,
  network: SharedNetwork,
  layers: Scores['layers'],
  options: ResolvedScoreOptions,
): See {
  const at = async (image: Raster, names: readonly string[]) => {
    const found = await featuresOf(engine, network, image, names, options);
    return Object.fromEntries(names.map((name, i) => [name, found[i]!]));
  };
  return async ({ image, small, styled = true }, tint = (same) => same) => ({
    image,
    ...(small && {
      features: await at(image, layers.perceptual),
      small: (await at(small, [SIMILARITY_LAYER]))[SIMILARITY_LAYER]!,
    }),
    ...(styled && { tinted: await at(tint(image), layers.style) }),
  });
}

/** What pictures of this size are compared with. */
async function comparedWith(
  found: Found,
  size: Size,
  options: ResolvedScoreOptions,
  see: See,
): Promise<{ references: Omit<References, 'layers'>; tint(image: Raster): Raster }> {
  const sizes = [size, smallOf(size)];
  const [photograph, smallPhotograph] = await readAt(
    options,
    options.content,
    'content',
    found.content,
    sizes,
  );
  const side = Math.max(size.width, size.height);
  const own = sizeAt(found.style, side);
  const [painting, laid, smallLaid] = await readAt(options, options.style, 'style', found.style, [
    own,
    ...sizes,
  ]);
  const tint = tinter(painting!);
  const crops: Seen[] = [];
  // The deepest layers first, so that the network is packed once.
  const content = await see({ image: photograph!, small: smallPhotograph }, tint);
  for (const half of halvesOf(painting!)) crops.push(await see({ image: half }, tint));
  return {
    tint,
    references: {
      content,
      style: await see({ image: painting! }),
      crops,
      laid: await see({ image: laid!, small: smallLaid, styled: false }),
    },
  };
}
