// Files that sharp does not write: made byte by byte, as small as their kind allows.

import { crc32, deflateSync } from 'node:zlib';

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A PNG of rows that are packed already; `before` are the chunks ahead of its pixels. */
export function pngFile(
  [width, height, depth, colorType]: readonly [number, number, number, number],
  rows: readonly Uint8Array[],
  before: readonly (readonly [type: string, data: Uint8Array])[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    ...before.map(([type, data]) => pngChunk(type, data)),
    pngChunk('IDAT', deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.alloc(1), row])))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export const iccChunk = (profile: Uint8Array) =>
  ['iCCP', Buffer.concat([Buffer.from('profile\0\0'), deflateSync(profile)])] as const;

/** A TIFF of one strip. `kind`: 1 whole numbers, 2 signed, 3 floats. */
export function tiffFile(
  { width, height, channels }: { width: number; height: number; channels: number },
  samples: ArrayBufferView,
  { kind = 1, tags = [] }: { kind?: number; tags?: readonly (readonly [tag: number, data: Uint8Array])[] },
): Buffer {
  const bits = (samples.byteLength / (width * height * channels)) * 8;
  const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
  const each = (value: number) => words(...Array<number>(channels).fill(value));
  const fields: [tag: number, type: number, data: Uint8Array][] = [
    [256, 3, words(width)],
    [257, 3, words(height)],
    [258, 3, each(bits)],
    [259, 3, words(1)],
    [262, 3, words(channels > 2 ? 2 : 1)],
    [273, 4, Buffer.alloc(4)],
    [277, 3, words(channels)],
    [278, 3, words(height)],
    [279, 4, new Uint8Array(Uint32Array.of(samples.byteLength).buffer)],
    ...(channels % 2 ? [] : [[338, 3, words(2)] as [number, number, Uint8Array]]),
    [339, 3, each(kind)],
    ...tags.map(([tag, data]) => [tag, 7, data] as [number, number, Uint8Array]),
  ];
  fields.sort(([a], [b]) => a - b);
  const head = Buffer.alloc(14 + fields.length * 12);
  head.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, fields.length, 0]);
  const tail: Uint8Array[] = [];
  let end = head.length;
  const place = (data: Uint8Array) => {
    const at = end;
    const padded = Buffer.alloc(data.length + (data.length % 2));
    padded.set(data);
    tail.push(padded);
    end += padded.length;
    return at;
  };
  for (const [i, [tag, type, data]] of fields.entries()) {
    const entry = 10 + i * 12;
    head.writeUInt16LE(tag, entry);
    head.writeUInt16LE(type, entry + 2);
    head.writeUInt32LE(data.length / [0, 1, 1, 2, 4, 8, 1, 1][type]!, entry + 4);
    if (tag === 273) {
      const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
      head.writeUInt32LE(place(bytes), entry + 8);
    } else if (data.length <= 4) head.set(data, entry + 8);
    else head.writeUInt32LE(place(data), entry + 8);
  }
  return Buffer.concat([head, ...tail]);
}

/** Float32 as half floats, for numbers that these can hold. */
export function halves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => {
    const exponent = ((word >>> 23) & 255) - 112;
    return exponent <= 0 ? 0 : ((word >>> 16) & 0x8000) | (exponent << 10) | ((word >>> 13) & 0x3ff);
  });
}

/** An ICC profile with the primaries of sRGB, or of grey, and a curve that is a power. */
export function profile(kind: 'grey' | 'rgb', gamma: number): Buffer {
  const fixed = (value: number) => Math.round(value * 65536);
  const tag = (type: string, ...words: number[]) => {
    const data = Buffer.alloc(8 + words.length * 4);
    data.write(type);
    for (const [i, word] of words.entries()) data.writeInt32BE(word, 8 + i * 4);
    return data;
  };
  const xyz = (...values: number[]) => tag('XYZ ', ...values.map(fixed));
  const curve = tag('curv', 1, Math.round(gamma * 256) << 16);
  const description = Buffer.alloc(96);
  description.write('desc');
  description.writeUInt32BE(2, 8);
  description.write('x', 12);
  const tags: [string, Buffer][] = [
    ['desc', description],
    ['cprt', tag('text', 0)],
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ...(kind === 'grey'
      ? ([['kTRC', curve]] as [string, Buffer][])
      : ([
          ['rXYZ', xyz(0.436, 0.2225, 0.0139)],
          ['gXYZ', xyz(0.3851, 0.7169, 0.0971)],
          ['bXYZ', xyz(0.1431, 0.0606, 0.7141)],
          ['rTRC', curve],
          ['gTRC', curve],
          ['bTRC', curve],
        ] as [string, Buffer][])),
  ];
  const head = Buffer.alloc(132 + tags.length * 12);
  head.writeUInt32BE(0x02400000, 8);
  head.write(`mntr${kind === 'grey' ? 'GRAY' : 'RGB '}XYZ `, 12);
  head.write('acsp', 36);
  for (const [i, value] of [0.9642, 1, 0.8249].entries()) head.writeInt32BE(fixed(value), 68 + i * 4);
  head.writeUInt32BE(tags.length, 128);
  let end = head.length;
  for (const [i, [name, data]] of tags.entries()) {
    head.write(name, 132 + i * 12);
    head.writeUInt32BE(end, 136 + i * 12);
    head.writeUInt32BE(data.length, 140 + i * 12);
    end += data.length;
  }
  head.writeUInt32BE(end, 0);
  return Buffer.concat([head, ...tags.map(([, data]) => data)]);
}

/** A BMP; `pixel` gives an index, or a value as the masks say. With `masks` its header is of version 5, as is its alpha. */
export function bmpFile(
  about: {
    width: number;
    height: number;
    bits: number;
    palette?: Uint8Array;
    masks?: readonly number[];
    topDown?: boolean;
    core?: boolean;
    runs?: Uint8Array;
  },
  pixel: (x: number, y: number) => number,
): Buffer {
  const { width, height, bits, palette = new Uint8Array(), masks, topDown, core, runs } = about;
  const size = core ? 12 : masks ? 124 : 40;
  const head = Buffer.alloc(14 + size);
  head.write('BM');
  head.writeUInt32LE(size, 14);
  if (core)
    for (const [i, value] of [width, height, 1, bits].entries()) head.writeUInt16LE(value, 18 + i * 2);
  else {
    head.writeInt32LE(width, 18);
    head.writeInt32LE(topDown ? -height : height, 22);
    head.set([1, 0, bits, 0, runs ? (bits === 8 ? 1 : 2) : masks ? 3 : 0], 26);
    head.writeUInt32LE(palette.length / 3, 46);
    for (const [i, mask] of (masks ?? []).entries()) head.writeUInt32LE(mask, 54 + i * 4);
  }
  const entries = [];
  for (let i = 0; i < palette.length; i += 3) entries.push(palette[i + 2]!, palette[i + 1]!, palette[i]!, ...(core ? [] : [0])); // biome-ignore format: one line
  head.writeUInt32LE(head.length + entries.length, 10);
  if (runs) return Buffer.concat([head, Buffer.from(entries), runs]);
  const row = Math.ceil((width * bits) / 32) * 4;
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (topDown ? y : height - 1 - y) * row;
      const value = pixel(x, y);
      if (bits >= 8) pixels.writeUIntLE(value, at + (x * bits) / 8, bits / 8);
      else pixels[at + ((x * bits) >> 3)]! |= value << (8 - bits - ((x * bits) & 7));
    }
  }
  return Buffer.concat([head, Buffer.from(entries), pixels]);
}
