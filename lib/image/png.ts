// The little of PNG that neither pngjs nor sharp offers: reading a header and its chunks without decoding, and
// adding chunks to a finished file.

import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Where the chunks after IHDR, which always comes first and has a fixed length, begin. */
const AFTER_IHDR = 33;
const KEYWORD = 'scumble';

export interface PngHeader {
  width: number;
  height: number;
  depth: number;
  hasAlpha: boolean;
  /** Whether pngjs may decode it: see `pngHeader`. */
  simple: boolean;
  /** The embedded colour profile, still deflated. */
  profile?: Uint8Array;
}

export function isPng(bytes: Buffer): boolean {
  return (
    bytes.length >= AFTER_IHDR &&
    bytes.subarray(0, 8).equals(SIGNATURE) &&
    bytes.toString('latin1', 12, 16) === 'IHDR'
  );
}

function* chunks(bytes: Buffer): Generator<{ type: string; data: Buffer }> {
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 8 + bytes.readUInt32BE(at);
    yield { type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, end) };
    at = end + 4;
  }
}

/**
 * Reads the header. `simple` is false where pngjs would give wrong pixels or is unsafe: it knows neither EXIF
 * orientation nor coded colour spaces, and inflates an interlaced image without any bound.
 */
export function pngHeader(bytes: Buffer): PngHeader {
  const header: PngHeader = {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    depth: bytes.readUInt8(24),
    hasAlpha: (bytes.readUInt8(25) & 4) !== 0,
    simple: bytes.readUInt8(28) === 0,
  };
  let complete = false;
  for (const { type, data } of chunks(bytes)) {
    if (type === 'tRNS') header.hasAlpha = true;
    else if (type === 'iCCP') header.profile = data.subarray(data.indexOf(0) + 2);
    else if (type === 'eXIf' || type === 'cICP') header.simple = false;
    else if (type === 'IDAT') complete = true;
  }
  header.simple &&= complete;
  return header;
}

/** The text stored under our keyword. */
export function pngText(bytes: Buffer): string | undefined {
  const lead = Buffer.from(`${KEYWORD}\0\0\0\0\0`);
  for (const { type, data } of chunks(bytes)) {
    if (type === 'iTXt' && data.subarray(0, lead.length).equals(lead))
      return data.toString('utf8', lead.length);
  }
  return undefined;
}

function chunk(type: string, ...parts: (string | Uint8Array)[]): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts.map((part) => Buffer.from(part))]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(body.length - 4, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Adds the colour profile and, where given, the options text to a PNG that pngjs wrote. */
export function withMetadata(png: Uint8Array, profile: Uint8Array, text?: string): Buffer {
  const added = [chunk('iCCP', 'sRGB\0\0', deflateSync(profile)), chunk('tEXt', 'Software\0Scumble')];
  if (text !== undefined) added.push(chunk('iTXt', `${KEYWORD}\0\0\0\0\0`, text));
  return Buffer.concat([png.subarray(0, AFTER_IHDR), ...added, png.subarray(AFTER_IHDR)]);
}
