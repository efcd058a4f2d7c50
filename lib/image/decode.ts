// The worker's reading side: what a file is, then its samples as integers, then floats at the sizes that are wanted. sharp
// decodes nearly everything.

import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Metadata, Sharp } from 'sharp';
import type { Size } from '../run/scales.js';
import { decodedSize, decoderBytes } from './budget.js';
import { collect } from './collect.js';
import { toRaster } from './convert.js';
import { refuseForeign } from './formats.js';
import { type Decoded, type Decoding, type Encoded, JobError, type Jobs } from './job.js';
import { chunks, isPng, pngText, withMetadata } from './png.js';
import { resize } from './resize.js';
import { sizeFault } from './size.js';
import type { Header, Raster, RawImage } from './types.js';
import { fromXmp } from './xmp.js';

// The pixel limit is ours alone; 'error' refuses damaged files but lets a harmless warning pass.
const SHARP = { limitInputPixels: false, failOn: 'error' } as const;

const FAULTS: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
};

async function load(source: Encoded): Promise<Buffer> {
  let bytes: Buffer;
  if (typeof source === 'string') {
    try {
      const info = await stat(source);
      if (info.isDirectory()) throw new JobError('ERR_IMAGE', 'is a folder');
      if (!info.isFile()) throw new JobError('ERR_IMAGE', 'is not a regular file');
      bytes = await readFile(source);
    } catch (error) {
      if (error instanceof JobError) throw error;
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new JobError('ERR_IMAGE', FAULTS[code] ?? `cannot be read: ${message}`);
    }
  } else {
    bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  }
  if (bytes.length === 0) throw new JobError('ERR_IMAGE', 'is empty');
  refuseForeign(bytes);
  return bytes;
}

function undecodable(error: unknown): JobError {
  const [reason = ''] = (error as Error).message.split('\n');
  if (/unsupported image format/.test(reason)) {
    return new JobError('ERR_IMAGE', 'is not an image, or its format is not supported');
  }
  const cut = /premature end|unexpected end|libpng read error/i.test(reason) ? 'the file is cut short: ' : '';
  return new JobError('ERR_IMAGE', `cannot be decoded: ${cut}${reason}`);
}

/** A file that sharp reads, and what it says of it. */
interface Found {
  header: Header;
  metadata?: Metadata;
}

async function look(bytes: Buffer, maxPixels: number): Promise<Found> {
  const { isBmp, bmpHeader } = await import('./bmp.js');
  let found: Found;
  if (isBmp(bytes)) {
    const { width, height, hasAlpha } = bmpHeader(bytes);
    const header = { width, height, hasAlpha, format: 'bmp', depth: 8, decoder: 0 } as const;
    found = { header: { ...header, bytes: bytes.length } };
  } else {
    if (isPng(bytes)) checkSize({ width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }, maxPixels);
    const metadata = await describedBySharp(bytes);
    found = { header: headerOf(metadata, bytes.length), metadata };
  }
  checkSize(found.header, maxPixels);
  return found;
}

function checkSize({ width, height }: Size, maxPixels: number): void {
  const fault = sizeFault(width, height, maxPixels);
  if (fault) throw new JobError('ERR_IMAGE_SIZE', fault);
}

async function describedBySharp(bytes: Buffer): Promise<Metadata> {
  const { default: sharp } = await import('sharp');
  const describe = (file: Buffer) => sharp(file, SHARP).metadata();
  return describe(bytes).catch(async (error) => {
    const [ended] = (await import('./mend.js')).withEnd(bytes);
    return describe(ended ?? bytes).catch(() => {
      throw undecodable(error);
    });
  });
}

/** Of samples whose scale is known. */
const DEPTHS: Record<string, Header['depth']> = { uchar: 8, ushort: 16, float: 32 };

function headerOf(metadata: Metadata, bytes: number): Header {
  const { autoOrient, hasAlpha, depth: samples, space } = metadata;
  const depth = DEPTHS[samples];
  const refuse = (what: string) => new JobError('ERR_IMAGE', `${what}: save it with 8 or 16 bits`);
  if (!depth) throw refuse(`holds samples of type ${samples}, which have no scale`);
  // sharp rounds these to whole numbers, whatever it is asked.
  if (depth === 32 && space === 'grey16') throw refuse('holds grey as half floats, which are not read');
  const format = (metadata.format as string) === 'heif' ? 'avif' : (metadata.format as Header['format']);
  return { ...autoOrient, hasAlpha, format, depth, bytes, decoder: decoderBytes(metadata) };
}

export async function probe({ source, maxPixels }: Jobs['probe']['input']): Promise<Header> {
  return (await look(await load(source), maxPixels)).header;
}

export async function decode(input: Decoding): Promise<Decoded> {
  const notes: string[] = [];
  const whole = await rasterOf(input, notes);
  collect();
  if (whole.alpha?.every((opacity) => opacity === 0)) {
    throw new JobError('ERR_IMAGE', 'is transparent throughout: there is nothing to see in it');
  }
  if (!input.sizes) return { images: [whole], notes };
  const images = [];
  for (const size of input.sizes) images.push(await resize(whole, size, input.threads));
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
  const { maxPixels, sizes, linear, probed } = input;
  const bytes = await load(source);
  const { header, metadata } = await look(bytes, maxPixels);
  const { width, height } = header;
  if (probed && (probed.width !== width || probed.height !== height || probed.bytes !== bytes.length)) {
    throw new JobError(
      'ERR_IMAGE',
      'was changed while it was in use: leave it as it is until the run begins',
    );
  }
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

/** The options text that Scumble left in a file. */
export async function describe({ source }: Jobs['describe']['input']): Promise<string | undefined> {
  const bytes = await load(source);
  if (isPng(bytes)) return pngText(bytes);
  const { isBmp } = await import('./bmp.js');
  if (isBmp(bytes)) return undefined;
  const { xmp } = await describedBySharp(bytes);
  return xmp && fromXmp(xmp.toString('utf8'));
}
