// What a picture shows, by a VGG with its classifier: the likeliest of its classes, and where it looks for each.

import { Engine } from '../engine/engine.js';
import { Recognizer } from '../engine/recognizer.js';
import { DownloadError, OptionError, WeightsError } from '../errors.js';
import { probeImage, readSizes } from '../image/read.js';
import type { Header, Raster } from '../image/types.js';
import { nearest, type Size } from '../run/scales.js';
import { catalogEntry, catalogNamed } from '../weights/catalog.js';
import { ADVICE } from '../weights/classifier.js';
import { fileOf, findFile, megabytes, sizeOf } from '../weights/find.js';
import { type NetworkDescription, readNetwork } from '../weights/network.js';
import { classNames } from './names.js';
import { type RecognizeOptions, type ResolvedRecognizeOptions, resolveRecognizeOptions } from './options.js';
import { Recognition } from './recognition.js';
import { type Box, boxOf, inPicture, scaled, spread } from './where.js';

/**
 * Says what a picture shows: the likeliest classes of a network with a classifier, how likely each is, and where in the
 * picture it looks for it. docs/recognition.md says how much that is to be believed.
 *
 * Rejects with an OptionError, ImageError, WeightsError, DownloadError, DeviceError or MemoryError, or with the signal's reason.
 *
 * @example
 * const { classes } = await recognize({ picture: 'photo.jpg' });
 * console.log(classes[0].name, classes[0].probability, classes[0].box);
 */
export async function recognize(given: RecognizeOptions): Promise<Recognition> {
  const options = resolveRecognizeOptions(given);
  const { signal, picture, maxPixels } = options;
  signal?.throwIfAborted();
  const weights = await recognizingNetwork(options.weights);
  const header = await probeImage(picture, 'picture', maxPixels);
  if (options.weights === undefined && !options.download) await checkHere(weights);
  const file = await findFile(weights, { ...options, classifier: true });
  const network = await networkIn(file, weights);
  const engine = await Engine.open({ ...options, precision: 'exact' });
  try {
    return await recognizeOn(engine, network, weights, header, options);
  } catch (error) {
    const other = await engine.retreat(error, options);
    return await recognizeOn(other, network, weights, header, options);
  } finally {
    await engine.close();
  }
}

/** The networks that are there for it, the better one first. */
const NETWORKS = ['vgg19-imagenet', 'vgg16-imagenet'];

/**
 * The network asked for, else the best that is here, else the best there is.
 *
 * @throws OptionError for one of the catalogue that has no classifier
 */
export async function recognizingNetwork(asked: string | undefined): Promise<string> {
  if (asked === undefined) {
    for (const name of NETWORKS) {
      if (await fileOf(catalogNamed(name))) return name;
    }
    return NETWORKS[0]!;
  }
  const source = catalogEntry(asked)?.source;
  if (source && !(source.kind === 'download' && source.classifier)) {
    throw new OptionError('weights', asked, `weights cannot be ${asked}: it has no classifier; ${ADVICE}`);
  }
  return asked;
}

/** For who has named none. @throws DownloadError */
async function checkHere(name: string): Promise<void> {
  if (await fileOf(catalogNamed(name))) return;
  const pulls = [];
  for (const other of NETWORKS) {
    pulls.push(`"scumble weights pull ${other}" (${megabytes(await sizeOf(catalogNamed(other)))})`);
  }
  const problem = 'no network with a classifier, which recognition needs, is on this machine';
  throw new DownloadError(name, `${problem}: get one with ${pulls.join(' or ')}`);
}

async function networkIn(file: string, weights: string): Promise<NetworkDescription> {
  const network = await readNetwork(file, { classifier: true });
  if (network.classifier) return network;
  const advice = catalogEntry(weights)
    ? `it was kept without: "scumble weights pull ${weights} --classifier" gets it`
    : ADVICE;
  throw new WeightsError(file, `${file}: has no classifier, so it tells no classes; ${advice}`);
}

async function recognizeOn(
  engine: Engine,
  network: NetworkDescription,
  weights: string,
  header: Header,
  options: ResolvedRecognizeOptions,
): Promise<Recognition> {
  const { picture, maxPixels } = options;
  const recognizer = await Recognizer.load(engine, network);
  try {
    const { image, view } = await look(header, recognizer.side, options);
    const found = await recognizer.recognize(image, options);
    const { stride } = recognizer;
    const probabilities = softmax(found.logits);
    const nameOf = classNames(found.logits.length);
    const classes = found.likely.map(({ index, heat: data }) => {
      const heat = scaled({ data, width: found.width, height: found.height });
      const box = boxOf(spread(heat, image, { width: stride, height: stride }), image);
      return {
        index,
        name: nameOf(index),
        probability: probabilities[index]!,
        box: box && inPicture(box, image, view),
        heat,
      };
    });
    const { width, height } = header;
    const cell = { width: stride / image.width, height: stride / image.height };
    return new Recognition({ network: weights, width, height, view, classes }, picture, maxPixels, cell);
  } finally {
    recognizer.dispose();
  }
}

/** The pixels that the network is fed, and the part of the picture that they are. */
async function look(
  header: Header,
  side: number,
  { picture, size, crop, maxPixels, threads, signal }: ResolvedRecognizeOptions,
): Promise<{ image: Raster; view: Box }> {
  if (size < side) {
    throw new OptionError(
      'size',
      size,
      `size must be at least ${side}, which this network's classifier takes`,
    );
  }
  const fitted = withShortSide(header, size);
  const reading = { maxPixels, threads, probed: header, signal };
  const { images } = await readSizes(picture, 'picture', [fitted], reading);
  const whole = images[0]!;
  if (!crop) return { image: whole, view: { left: 0, top: 0, width: header.width, height: header.height } };
  const left = Math.floor((whole.width - side) / 2);
  const top = Math.floor((whole.height - side) / 2);
  const [across, down] = [header.width / whole.width, header.height / whole.height];
  const view = {
    left: Math.round(left * across),
    top: Math.round(top * down),
    width: Math.round(side * across),
    height: Math.round(side * down),
  };
  return { image: cut(whole, left, top, side), view };
}

function withShortSide({ width, height }: Size, side: number): Size {
  const scale = side / Math.min(width, height);
  return { width: Math.max(side, nearest(width * scale)), height: Math.max(side, nearest(height * scale)) };
}

function cut(from: Raster, left: number, top: number, side: number): Raster {
  const data = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const start = ((top + y) * from.width + left) * 3;
    data.set(from.data.subarray(start, start + side * 3), y * side * 3);
  }
  return { data, width: side, height: side };
}

/** Probabilities, which are 1 together. */
export function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
