// The little of PNG that neither pngjs nor sharp offers: reading chunks without decoding, and adding chunks to a finished
// file.

import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Where the chunks after IHDR, which always comes first and has a fixed length, begin. */
const AFTER_IHDR = 33;
const KEYWORD = 'scumble';

export function isPng(bytes: Buffer): boolean {
  return (
    bytes.length >= AFTER_IHDR &&
    bytes.subarray(0, 8).equals(SIGNATURE) &&
    bytes.toString('latin1', 12, 16) === 'IHDR'
  );
}

/** `data` lies between `start` (of the whole chunk) and `end` (where its checksum begins), and may be cut short. */
export function* chunks(
  bytes: Buffer,
): Generator<{ type: string; data: Buffer; start: number; end: number }> {
  let start = 8;
  while (start + 12 <= bytes.length) {
    const end = start + 8 + bytes.readUInt32BE(start);
    yield {
      type: bytes.toString('latin1', start + 4, start + 8),
      data: bytes.subarray(start + 8, end),
      start,
      end,
    };
    start = end + 4;
  }
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
