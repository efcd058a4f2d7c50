// Damage, as a seeded random source picks it: what disks and networks do to files, and what people do to lengths.

const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
].concat([2n ** 53n - 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]);

const NUMBERS = ['0', '-1', '1e999', '4294967295', '2147483648', '9007199254740993', '99999999999999999999'];

/** `bytes` with one to four faults; `other` is what is spliced in. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  let mutated: Buffer = Buffer.from(bytes);
  for (let faults = 1 + Math.floor(random() ** 2 * 4); faults > 0; faults--) {
    const kind = FAULTS[Math.floor(random() * FAULTS.length)]!;
    mutated = kind(mutated, Buffer.from(other), (limit) => Math.floor(random() * limit));
  }
  return mutated;
}

type Fault = (bytes: Buffer, other: Buffer, below: (limit: number) => number) => Buffer;

const FAULTS: Fault[] = [
  function truncate(bytes, _, below) {
    return bytes.subarray(0, below(bytes.length));
  },
  function flipBit(bytes, _, below) {
    if (bytes.length > 0) bytes[below(bytes.length)]! ^= 1 << below(8);
    return bytes;
  },
  function setByte(bytes, _, below) {
    const place = below(bytes.length);
    return bytes.fill(below(256), place, Math.min(place + 1, bytes.length));
  },
  function setRun(bytes, _, below) {
    const place = below(bytes.length);
    return bytes.fill([0, 0xff, below(256)][below(3)]!, place, Math.min(place + 1 + below(16), bytes.length));
  },
  function splice(bytes, other, below) {
    const from = below(other.length);
    const chunk = other.subarray(from, from + 1 + below(64));
    const place = below(bytes.length);
    const replaced = below(2) * chunk.length;
    return Buffer.concat([bytes.subarray(0, place), chunk, bytes.subarray(place + replaced)]);
  },
  function duplicate(bytes, _, below) {
    const from = below(bytes.length);
    const chunk = bytes.subarray(from, from + 1 + below(64));
    const times = 1 + below(below(2) === 0 ? 2 : 100);
    return Buffer.concat([bytes.subarray(0, from), ...Array(times).fill(chunk), bytes.subarray(from)]);
  },
  function remove(bytes, _, below) {
    const place = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + below(32))]);
  },
  function binaryLength(bytes, _, below) {
    const width = [1, 2, 4, 8][below(4)]!;
    if (bytes.length < width) return bytes;
    const sizes = [...EXTREMES, BigInt(bytes.length), BigInt(bytes.length - 1), BigInt(bytes.length + 1)];
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt.asUintN(8 * width, sizes[below(sizes.length)]!));
    const value = field.subarray(0, width);
    bytes.set(below(4) === 0 ? value.reverse() : value, below(bytes.length - width + 1));
    return bytes;
  },
  /** The number in text that is nearest after a place. */
  function textLength(bytes, _, below) {
    const start = below(bytes.length);
    const match = /\d+/.exec(bytes.toString('latin1', start, start + 1000));
    if (!match) return bytes;
    const place = start + match.index;
    const number = Buffer.from(NUMBERS[below(NUMBERS.length)]!);
    return Buffer.concat([bytes.subarray(0, place), number, bytes.subarray(place + match[0].length)]);
  },
];
