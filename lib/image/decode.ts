// The worker's reading side: a file's samples as integers, then floats at the sizes that are wanted. sharp decodes nearly
// everything.

import { isDeepStrictEqual } from 'node:util';
import type { Metadata, Sharp } from 'sharp';
import type { Size } from '../run/scales.js';
import { decodedSize } from './budget.js';
import { collect } from './collect.js';
import { toRaster } from './convert.js';
import { type Decoded, type Decoding, type Encoded, JobError } from './job.js';
import { load, look, SHARP, undecodable } from './look.js';
import { chunks, isPng, withMetadata } from './png.js';
import { resize } from './resize.js';
import type { Header, Raster, RawImage } from './types.js';

export async function decode(input: Decoding): Promise<Decoded> {
  const notes: string[] = [];
  const whole = await rasterOf(input, notes);
  collect();
  if (whole.alpha?.every((opacity) => opacity === 0)) {
    throw new JobError('ERR_IMAGE', 'is transparent throughout: there is nothing to see in it');
  }
  if (!input.sizes) return { images: [whole], notes };
  const images = [];
  for (const size of input.sizes) images.push(await resize(whole, size, input));
  return { images, notes };
}

/** Each step in a function of its own, so that what it worked on can be freed before the next. */
async function rasterOf(input: Decoding, notes: string[]): Promise<Raster> {
  const { source } = input;
  input.source = ''; // the job's own copy
  if (typeof source === 'object' && 'data' in source) {
    checkUnchanged(input, source, source.data.byteLength);
    return toRaster(source);
  }
  const samples = await samplesOf(source, input, notes);
  await forgetDecoded();
  collect();
  return toRaster(samples);
}

/** What was looked at is what the memory was planned for. */
function checkUnchanged({ probed }: Decoding, { width, height }: Size, bytes: number): void {
  if (!probed || (probed.width === width && probed.height === height && probed.bytes === bytes)) return;
  throw new JobError('ERR_IMAGE', 'was changed while it was in use: leave it as it is until the run begins');
}

/** Empties sharp's cache, which would keep the decoders of the last images with all that these hold. */
async function forgetDecoded(): Promise<void> {
  const { default: sharp } = await import('sharp');
  const { memory, files, items } = sharp.cache();
  sharp.cache(false);
  sharp.cache({ memory: memory.max, files: files.max, items: items.max });
}

async function samplesOf(source: Encoded, input: Decoding, notes: string[]): Promise<RawImage> {
  const { maxPixels, sizes, linear } = input;
  const bytes = await load(source);
  const { header, metadata } = await look(bytes, maxPixels);
  checkUnchanged(input, header, bytes.length);
  if (!metadata) return (await import('./bmp.js')).decodeBmp(bytes);
  const pages = metadata.pages ?? 1;
  if (pages > 1) notes.push(`has ${pages} frames or pages: only the first is used`);
  if (isMasked(bytes)) return decodeWithPngjs(bytes);
  const decoder = await decoderFor(header, metadata, sizes && decodedSize(header, sizes), linear, notes);
  return decodeDamaged(bytes, decoder, notes);
}

type Decoder = (file: Buffer, failOn: 'error' | 'warning') => Promise<RawImage>;

/** Decodes what viewers show: a JPEG with damaged parts too, and a file that lacks only its end. */
async function decodeDamaged(bytes: Buffer, decoder: Decoder, notes: string[]): Promise<RawImage> {
  const { isJpeg, withEnd } = await import('./mend.js');
  const reasonOf = (error: unknown) => (error as Error).message.split('\n')[0];
  try {
    return await decoder(bytes, isJpeg(bytes) ? 'warning' : 'error');
  } catch (error) {
    if (error instanceof JobError) throw error;
    const damaged = isJpeg(bytes) && (await decoder(bytes, 'error').catch(() => undefined));
    if (damaged) {
      notes.push(`is damaged, and was read as far as it can be: ${reasonOf(error)}`);
      return damaged;
    }
    const [ended, ...padded] = withEnd(bytes);
    if (!ended) throw undecodable(error);
    try {
      const samples = await decoder(ended, 'warning');
      for (const file of padded) {
        if (!isDeepStrictEqual(samples.data, (await decoder(file, 'error')).data)) throw error;
      }
      notes.push('lacks its last bytes; the picture is whole');
      return samples;
    } catch {
      throw undecodable(error);
    }
  }
}

async function decoderFor(
  { depth }: Header,
  { icc, space }: Metadata,
  size: Size | undefined,
  linear: boolean,
  notes: string[],
) {
  const [{ default: sharp }, { srgbProfile }] = await Promise.all([import('sharp'), import('./icc.js')]);
  const ignoreIcc = icc === undefined || icc.equals(await srgbProfile());
  const decoder: Decoder = async (bytes, failOn) => {
    const image = sharp(bytes, { ...SHARP, failOn, ignoreIcc: ignoreIcc || depth === 32 }).autoOrient();
    if (depth === 32) {
      return floats(
        image,
        { colour: space === 'scrgb', profile: ignoreIcc ? undefined : icc, linear },
        notes,
      );
    }
    if (size) image.resize({ ...size, fit: 'fill', fastShrinkOnLoad: false });
    // Unless an output profile is named, sharp turns profiled 16-bit RGB into Display P3, and does nothing to 16-bit grey.
    const profiled = !ignoreIcc && (space === 'rgb16' || space === 'grey16');
    if (profiled) image.withIccProfile('srgb');
    if (depth === 8) return integers(image, 'srgb');
    return integers(image, profiled && space === 'grey16' ? 'grey16' : 'rgb16');
  };
  return decoder;
}

async function integers(image: Sharp, space: 'srgb' | 'rgb16' | 'grey16'): Promise<RawImage> {
  const deep = space !== 'srgb';
  const { data, info } = await image
    .toColourspace(space)
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return {
    data: deep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data,
    width: info.width,
    height: info.height,
    channels: info.channels as RawImage['channels'],
  };
}

async function floats(
  image: Sharp,
  { colour, profile, linear }: { colour: boolean; profile: Buffer | undefined; linear: boolean },
  notes: string[],
): Promise<RawImage> {
  const { decodeFloat, encodeLight, holdToOne } = await import('./float.js');
  const samples = await decodeFloat(image, colour);
  const cut = holdToOne(samples.data as Float32Array);
  if (cut) notes.push(cut);
  if (profile) return withProfile(samples, colour, profile);
  if (linear) encodeLight(samples);
  notes.push(
    `holds floats without a colour profile: they are taken for ${linear ? 'linear light' : 'sRGB'} from 0 to 1`,
  );
  return { ...samples, data: samples.data.map((value) => value * 255) };
}

/** 16 bits are enough for what a profile then does to them. Grey that was spread over three channels is grey again. */
async function withProfile(
  { data, width, height, channels }: RawImage,
  colour: boolean,
  profile: Buffer,
): Promise<RawImage> {
  const [{ default: sharp }, { pngOf }] = await Promise.all([import('sharp'), import('./encode.js')]);
  const stored = colour ? channels : channels === 4 ? 2 : 1;
  const deep = new Uint16Array(width * height * stored);
  for (let i = 0; i < deep.length; i++) {
    const from = colour ? i : stored === 1 ? i * 3 : (i >> 1) * 4 + (i & 1) * 3;
    deep[i] = Math.round(data[from]! * 65535);
  }
  const png = await pngOf({ data: deep, width, height, channels: stored as RawImage['channels'] });
  const image = sharp(withMetadata(png, profile), SHARP).withIccProfile('srgb');
  return integers(image, colour ? 'rgb16' : 'grey16');
}

/** sharp drops the transparency of a palette of two colours; where nothing else is special, pngjs reads it. */
function isMasked(bytes: Buffer): boolean {
  if (!isPng(bytes) || bytes.readUInt16BE(24) !== 0x0103 || bytes[28] !== 0) return false;
  const types = new Set([...chunks(bytes)].map(({ type }) => type));
  return types.has('tRNS') && !types.has('iCCP') && !types.has('eXIf');
}

async function decodeWithPngjs(bytes: Buffer): Promise<RawImage> {
  const { PNG } = await import('pngjs');
  try {
    const { data, width, height } = PNG.sync.read(bytes);
    return { data, width, height, channels: 4 };
  } catch (error) {
    throw undecodable(error);
  }
}
