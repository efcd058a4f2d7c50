// The worker's first look at a file: what it is, and everything about it that can be told without its pixels.

import { readFile, stat } from 'node:fs/promises';
import type { Metadata } from 'sharp';
import type { Size } from '../run/scales.js';
import { decoderBytes } from './budget.js';
import { refuseForeign } from './formats.js';
import { type Encoded, JobError, type Jobs } from './job.js';
import { isPng, pngText } from './png.js';
import { sizeFault } from './size.js';
import type { Header } from './types.js';
import { fromXmp } from './xmp.js';

// The pixel limit is ours alone; 'error' refuses damaged files but lets a harmless warning pass.
export const SHARP = { limitInputPixels: false, failOn: 'error' } as const;

const FAULTS: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
};

export async function load(source: Encoded): Promise<Buffer> {
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

export function undecodable(error: unknown): JobError {
  const [reason = ''] = (error as Error).message.split('\n');
  if (/unsupported image format/.test(reason)) {
    return new JobError('ERR_IMAGE', 'is not an image, or its format is not supported');
  }
  const cut = /premature end|unexpected end|libpng read error/i.test(reason) ? 'the file is cut short: ' : '';
  return new JobError('ERR_IMAGE', `cannot be decoded: ${cut}${reason}`);
}

/** A file that sharp reads, and what it says of it. */
export interface Found {
  header: Header;
  metadata?: Metadata;
}

export async function look(bytes: Buffer, maxPixels: number): Promise<Found> {
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

/** The options text that Scumble left in a file. */
export async function describe({ source }: Jobs['describe']['input']): Promise<string | undefined> {
  const bytes = await load(source);
  if (isPng(bytes)) return pngText(bytes);
  const { isBmp } = await import('./bmp.js');
  if (isBmp(bytes)) return undefined;
  const { xmp } = await describedBySharp(bytes);
  return xmp && fromXmp(xmp.toString('utf8'));
}
