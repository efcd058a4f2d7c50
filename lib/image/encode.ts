// The worker's writing side. pngjs writes PNG, because it keeps 16 bit exact; sharp writes the rest.

import type { PackerOptions } from 'pngjs';
import sharp, { type Sharp } from 'sharp';
import { toSamples } from './convert.js';
import { srgbProfile } from './icc.js';
import type { Jobs } from './job.js';
import { withMetadata } from './png.js';
import type { Raster, RawImage } from './types.js';
import { toXmp } from './xmp.js';

const COLOR_TYPES = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** A PNG of samples, of 8 bits or of 16 as they come. */
export async function pngOf(samples: RawImage, packing?: PackerOptions): Promise<Buffer> {
  const { PNG } = await import('pngjs');
  const { data, width, height, channels } = samples;
  const colorType = COLOR_TYPES[channels];
  const png = Object.assign(new PNG(), {
    width,
    height,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  });
  return PNG.sync.write(png, {
    bitDepth: data instanceof Uint16Array ? 16 : 8,
    colorType,
    inputColorType: colorType,
    inputHasAlpha: channels % 2 === 0,
    ...packing,
  });
}

async function encodePng(raster: Raster, bitDepth: 8 | 16, packing?: PackerOptions): Promise<Buffer> {
  const channels = raster.alpha ? 4 : 3;
  return pngOf({ ...raster, data: toSamples(raster, channels, bitDepth), channels }, packing);
}

/** The image as sharp takes it, tagged as sRGB. */
async function toSharp(raster: Raster, channels: 3 | 4, bitDepth: 8 | 16): Promise<Sharp> {
  if (bitDepth === 16) {
    // Raw 16-bit pixels count as Display P3 for sharp; a PNG with its own profile passes through untouched.
    const png = await encodePng(raster, 16, { deflateLevel: 0, filterType: 0 });
    return sharp(withMetadata(png, await srgbProfile()), { limitInputPixels: false })
      .keepIccProfile()
      .toColourspace('rgb16');
  }
  const { width, height } = raster;
  const raw = { width, height, channels };
  return sharp(toSamples(raster, channels, 8), { raw, limitInputPixels: false }).withIccProfile('srgb');
}

export async function encode(input: Jobs['encode']['input']): Promise<Uint8Array> {
  const { raster, format, bitDepth, quality, json } = input;
  // Copies, because Node's pooled memory and sharp's own cannot change threads.
  if (format === 'png') {
    return new Uint8Array(withMetadata(await encodePng(raster, bitDepth), await srgbProfile(), json));
  }
  const image = await toSharp(raster, raster.alpha && format !== 'jpeg' ? 4 : 3, bitDepth);
  image.withXmp(toXmp(json));
  switch (format) {
    case 'jpeg':
      image.jpeg({ quality: quality ?? 95, chromaSubsampling: '4:4:4' });
      break;
    case 'webp':
      image.webp({ quality: quality ?? 95 });
      break;
    case 'avif':
      image.avif({ quality: quality ?? 80 });
      break;
    case 'tiff':
      image.tiff({ compression: 'deflate', predictor: 'horizontal' });
      break;
  }
  return new Uint8Array(await image.toBuffer());
}
