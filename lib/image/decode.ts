// The worker's reading side. pngjs decodes the PNGs it handles exactly, 16 bit included; sharp does everything else.

import { readFile, stat } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { toRaster } from './convert.js';
import { type Encoded, type Header, JobError, type Jobs } from './job.js';
import { isPng, type PngHeader, pngHeader, pngText } from './png.js';
import { sizeFault } from './size.js';
import type { Raster, RawImage } from './types.js';
import { fromXmp } from './xmp.js';

// The pixel limit is ours alone; 'error' refuses damaged files but lets a harmless warning pass.
const SHARP = { limitInputPixels: false, failOn: 'error' } as const;
/** Far above any real colour profile, so that one cannot inflate without end. */
const MAX_PROFILE = 1 << 24;

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
  return bytes;
}

function undecodable(error: unknown): JobError {
  const [reason = ''] = (error as Error).message.split('\n');
  return /unsupported image format/.test(reason)
    ? new JobError('ERR_IMAGE', 'is not an image, or its format is not supported')
    : new JobError('ERR_IMAGE', `cannot be decoded: ${reason}`);
}

async function isSrgb(deflated: Uint8Array): Promise<boolean> {
  const { srgbProfile } = await import('./icc.js');
  try {
    return (await srgbProfile()).equals(inflateSync(deflated, { maxOutputLength: MAX_PROFILE }));
  } catch {
    return false; // damaged: let sharp judge it
  }
}

/** The header of a PNG that pngjs may decode. */
async function pngjsHeader(bytes: Buffer): Promise<PngHeader | undefined> {
  if (!isPng(bytes)) return undefined;
  const header = pngHeader(bytes);
  if (!header.simple || (header.profile && !(await isSrgb(header.profile)))) return undefined;
  return header;
}

async function metadata(bytes: Buffer) {
  const { default: sharp } = await import('sharp');
  return sharp(bytes, SHARP)
    .metadata()
    .catch((error) => {
      throw undecodable(error);
    });
}

async function header(bytes: Buffer, png: PngHeader | undefined, maxPixels: number): Promise<Header> {
  let found: Header;
  if (png) {
    found = { width: png.width, height: png.height, hasAlpha: png.hasAlpha };
  } else {
    const { autoOrient, hasAlpha } = await metadata(bytes);
    found = { ...autoOrient, hasAlpha };
  }
  const fault = sizeFault(found.width, found.height, maxPixels);
  if (fault) throw new JobError('ERR_IMAGE_SIZE', fault);
  return found;
}

async function decodeWithPngjs(bytes: Buffer, { depth }: PngHeader): Promise<RawImage | undefined> {
  const { PNG } = await import('pngjs');
  try {
    // Without rescaling, 16-bit samples come as a Uint16Array; fewer than 8 bits do need it.
    const { data, width, height } = PNG.sync.read(bytes, { skipRescale: depth === 16 });
    return { data, width, height, channels: 4 };
  } catch {
    return undefined; // damaged or unusual: sharp decodes it or says what is wrong
  }
}

async function decodeWithSharp(bytes: Buffer): Promise<RawImage> {
  const [{ default: sharp }, { srgbProfile }, { icc, depth, space }] = await Promise.all([
    import('sharp'),
    import('./icc.js'),
    metadata(bytes),
  ]);
  const ignoreIcc = icc === undefined || icc.equals(await srgbProfile());
  const deep = depth !== 'uchar';
  const image = sharp(bytes, { ...SHARP, ignoreIcc }).autoOrient();
  // sharp turns profiled 16-bit RGB into Display P3 and leaves it there unless an output profile is named.
  if (space === 'rgb16' && !ignoreIcc) image.withIccProfile('srgb');
  try {
    const { data, info } = await image
      .toColourspace(deep ? 'rgb16' : 'srgb')
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return {
      data: deep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data,
      width: info.width,
      height: info.height,
      channels: info.channels as RawImage['channels'],
    };
  } catch (error) {
    throw undecodable(error);
  }
}

export async function probe({ source, maxPixels }: Jobs['probe']['input']): Promise<Header> {
  const bytes = await load(source);
  return header(bytes, await pngjsHeader(bytes), maxPixels);
}

export async function decode(input: Jobs['decode']['input']): Promise<Raster> {
  if ('raw' in input) return toRaster(input.raw);
  const bytes = await load(input.source);
  const png = await pngjsHeader(bytes);
  await header(bytes, png, input.maxPixels);
  return toRaster((png && (await decodeWithPngjs(bytes, png))) ?? (await decodeWithSharp(bytes)));
}

/** The options text that Scumble left in a file. */
export async function describe({ source }: Jobs['describe']['input']): Promise<string | undefined> {
  const bytes = await load(source);
  if (isPng(bytes)) return pngText(bytes);
  const { xmp } = await metadata(bytes);
  return xmp && fromXmp(xmp.toString('utf8'));
}
