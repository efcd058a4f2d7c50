// Zip archives for tests, honest ones and ones whose directory lies.

import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  name: string;
  bytes: Uint8Array;
  compress?: boolean;
  /** What the directory says instead of the truth. */
  size?: number;
  crc?: number;
  flags?: number;
  method?: number;
  /** Where the local header is said to be. */
  offset?: number;
}

export function encodeZip(parts: ZipPart[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let end = 0;
  const push = (...bytes: Uint8Array[]) => {
    for (const chunk of bytes) {
      chunks.push(chunk);
      end += chunk.length;
    }
  };
  for (const part of parts) {
    const { compress = false, flags = 0x800, method = compress ? 8 : 0, offset = end } = part;
    const stored = compress ? deflateRawSync(part.bytes) : part.bytes;
    const name = Buffer.from(part.name);
    const fields = Buffer.alloc(26); // what the local header and the directory have in common
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(part.crc ?? crc32(part.bytes), 10);
    fields.writeUInt32LE(stored.length, 14);
    fields.writeUInt32LE(part.size ?? part.bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\0'), fields, place, name);
    push(Buffer.from('PK\x03\x04'), fields, name, stored);
  }
  const last = Buffer.alloc(22);
  last.write('PK\x05\x06');
  last.writeUInt16LE(parts.length, 8);
  last.writeUInt16LE(parts.length, 10);
  last.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  last.writeUInt32LE(end, 16);
  push(...directory, last);
  return Buffer.concat(chunks);
}
