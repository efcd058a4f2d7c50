// The images of a score, at the sizes that they are compared at.

import { ImageError } from '../errors.js';
import { probeImage, readSizes } from '../image/read.js';
import type { Header, ImageSource, Raster } from '../image/types.js';
import { type Size, sizeAt } from '../run/scales.js';
import type { ResolvedScoreOptions } from './options.js';

/** Of the self-similarity, whatever the picture's size. */
const SMALL = 256;

/** Sides below leave nothing to compare at the deepest layers. */
const LEAST = 32;

/** Width over height may be off by a pixel and this part. */
const ASPECT = 0.02;

/** A picture to be scored, and where. */
export interface Entry {
  source: ImageSource;
  option: string;
  header: Header;
  size: Size;
}

export interface Found {
  content: Header;
  style: Header;
  pictures: Entry[];
}

/** @throws ImageError for an image that cannot be read, is too small, or is no picture of this content */
export async function probeAll(options: ResolvedScoreOptions): Promise<Found> {
  const { maxPixels, pictures: sources } = options;
  const content = await probeImage(options.content, 'content', maxPixels);
  const style = await probeImage(options.style, 'style', maxPixels);
  const pictures: Entry[] = [];
  for (const [i, source] of sources.entries()) {
    const option = sources.length === 1 ? 'picture' : `picture[${i}]`;
    const header = await probeImage(source, option, maxPixels);
    const side = Math.min(options.size, Math.max(header.width, header.height));
    const size = sizeAt(header, side);
    checkShape(option, header, content);
    checkSide(option, size);
    checkSide('style', cropSizeOf(sizeAt(style, side)));
    pictures.push({ source, option, header, size });
  }
  return { content, style, pictures };
}

function checkShape(option: string, picture: Header, content: Header): void {
  const side = Math.max(picture.width, picture.height);
  const expected = sizeAt(content, side);
  const slack = 1 + ASPECT * side;
  const off = (a: number, b: number) => Math.abs(a - b) > slack;
  if (!off(picture.width, expected.width) && !off(picture.height, expected.height)) return;
  throw new ImageError(
    'ERR_IMAGE_SIZE',
    option,
    `${option} is ${picture.width} × ${picture.height}: it has not the shape of the content, which is ${content.width} × ${content.height}`,
  );
}

function checkSide(option: string, { width, height }: Size): void {
  if (Math.min(width, height) >= LEAST) return;
  const what = option === 'style' ? 'half of the style' : option;
  const problem = `${what} would be scored at ${width} × ${height}: it needs ${LEAST} pixels on the short side`;
  throw new ImageError('ERR_IMAGE_SIZE', option, problem);
}

/** Half of an image, across its long side. */
function cropSizeOf({ width, height }: Size): Size {
  return width >= height ? { width: width >> 1, height } : { width, height: height >> 1 };
}

/** The two halves of an image. */
export function halvesOf(image: Raster): Raster[] {
  const { width, height } = cropSizeOf(image);
  const corners = [
    { x: 0, y: 0 },
    { x: image.width - width, y: image.height - height },
  ];
  return corners.map(({ x, y }) => {
    const data = new Float32Array(width * height * 3);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * image.width + x) * 3;
      data.set(image.data.subarray(from, from + width * 3), row * width * 3);
    }
    return { data, width, height };
  });
}

/** The size that the self-similarity of a picture of this size is looked at. */
export function smallOf(size: Size): Size {
  return sizeAt(size, Math.min(SMALL, Math.max(size.width, size.height)));
}

/** An image at some sizes, of which several may be the same. @throws ImageError */
export async function readAt(
  options: ResolvedScoreOptions,
  source: ImageSource,
  option: string,
  probed: Header,
  sizes: Size[],
): Promise<Raster[]> {
  const { maxPixels, threads, signal } = options;
  const key = ({ width, height }: Size) => `${width}x${height}`;
  const distinct = new Map(sizes.map((size) => [key(size), size]));
  const reading = { maxPixels, threads, probed, signal };
  const { images } = await readSizes(source, option, [...distinct.values()], reading);
  const read = new Map(images.map((image) => [key(image), image]));
  return sizes.map((size) => read.get(key(size))!);
}
