// A layer's features of an image as a labelled sheet: what each channel sees, and where.

import { basename } from 'node:path';
import type { EngineFeatures } from '../engine/addon.js';
import { Engine } from '../engine/engine.js';
import { featuresOf } from '../engine/features.js';
import { needsOf } from '../engine/layers.js';
import { ImageError, type ScumbleError } from '../errors.js';
import { toSamples } from '../image/convert.js';
import { probeImage, readSizes } from '../image/read.js';
import { type Size, sizeAt } from '../run/scales.js';
import type { Samples, Sheet } from '../sheet/sheet.js';
import { findFile } from '../weights/find.js';

/** Side that a map is drawn with at most, and grown to if it is smaller. */
const SIDE = 112;
const COLUMNS = 8;
/** So many of the values are not above white, as a few outliers would leave the rest black. */
const WHITE = 0.995;

export interface MapOptions {
  weights: string;
  image: string;
  layer: string;
  /** Long side of the image. */
  size: number;
  /** At most so many channels. */
  channels: number;
  maxPixels: number;
  threads: number;
  device?: string | undefined;
  download: boolean;
  onWarning: (warning: ScumbleError) => unknown;
  signal: AbortSignal;
}

/**
 * The maps of the strongest channels (by their mean square), strongest first, behind the image. Each goes from black, which is 0 or
 * its least value if that is below, to white, which 1 position in 200 reaches.
 *
 * @throws OptionError for a layer that the network has not, ImageError, WeightsError, DownloadError, MemoryError
 */
export async function featureMaps(options: MapOptions): Promise<{ sheet: Sheet; cell: Size }> {
  const { weights, image, layer, size, maxPixels, threads, signal } = options;
  const file = await findFile(weights, options);
  const engine = await Engine.open({ ...options, precision: 'exact' });
  try {
    const network = await engine.networks.open(file);
    const { side } = needsOf(network.shape, [{ layers: [layer], option: 'layer' }], 'floor');
    const probed = await probeImage(image, 'features', maxPixels);
    const at = sizeAt(probed, size);
    if (Math.min(at.width, at.height) < side) {
      const problem = `would be ${at.width}x${at.height}: ${layer} needs ${side} pixels on the short side (size is ${size})`;
      throw new ImageError('ERR_IMAGE_SIZE', 'features', `features ${problem}`);
    }
    const { images } = await readSizes(image, 'features', [at], { maxPixels, threads, probed, signal });
    const [features] = await featuresOf(engine, network, images[0]!, [layer], { threads, signal });
    const maps = strongest(features!, options.channels).map((channel) => mapOf(features!, channel));
    const samples = toSamples(images[0]!, 3, 8) as Uint8ClampedArray;
    const cells = [
      { picture: { ...at, data: samples, channels: 3 as const }, lines: [basename(image)] },
      ...maps,
    ];
    const rows = Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, i) => ({
      label: '',
      cells: cells.slice(i * COLUMNS, (i + 1) * COLUMNS),
    }));
    const which =
      maps.length < features!.channels
        ? `the ${maps.length} strongest of ${features!.channels} channels`
        : `${maps.length} channels, strongest first`;
    const shape = `${features!.width}×${features!.height}`;
    const title = `${layer} of ${basename(weights)}: ${which}, ${shape} positions`;
    const shown = sizeAt(at, SIDE);
    const height = Math.max(shown.height, maps[0]!.picture.height);
    return { sheet: { title, columns: [], rows }, cell: { width: SIDE, height: Math.min(SIDE, height) } };
  } finally {
    await engine.close();
  }
}

/** Channels by the mean square of their features. */
function strongest({ data, channels }: EngineFeatures, most: number): number[] {
  const energy = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) energy[i % channels]! += data[i]! ** 2;
  const order = Array.from(energy.keys()).sort((a, b) => energy[b]! - energy[a]!);
  return order.slice(0, most);
}

/** One channel in grey, each position as a square of pixels that fill the place. */
function mapOf(features: EngineFeatures, channel: number): { picture: Samples; lines: string[] } {
  const { data, width, height, channels } = features;
  const values = Float32Array.from({ length: width * height }, (_, i) => data[i * channels + channel]!);
  const sorted = values.toSorted();
  const low = Math.min(0, sorted[0]!);
  const most = sorted.at(-1)!;
  const usual = sorted[Math.floor(sorted.length * WHITE)]!;
  const high = usual > low ? usual : most; // a channel that is nearly nowhere
  const grey = values.map((value) => (high > low ? Math.min(255, (255 * (value - low)) / (high - low)) : 0));
  const times = Math.max(1, Math.ceil(SIDE / Math.max(width, height)));
  const row = width * times;
  const pixels = Uint8Array.from({ length: row * height * times }, (_, i) => {
    const [x, y] = [Math.floor((i % row) / times), Math.floor(i / row / times)];
    return Math.round(grey[y * width + x]!);
  });
  const picture: Samples = { data: pixels, width: row, height: height * times, channels: 1 };
  return { picture, lines: [`#${channel}  ${written(low)} to ${written(high)}`] };
}

const written = (value: number) =>
  value === 0 ? '0' : Number(value.toPrecision(2)).toString().replace('-', '−');
