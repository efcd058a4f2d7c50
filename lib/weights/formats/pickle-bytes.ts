// The bytes of a pickle, taken one after the other: instructions by the names that Python's pickletools gives them, and
// what follows them.

import { PickleText } from './pickle-values.js';

/** Instructions of protocols 2 to 5, by the names that Python's pickletools gives them. */
export const OP = {
  MARK: 0x28,
  STOP: 0x2e,
  POP: 0x30,
  POP_MARK: 0x31,
  BINBYTES: 0x42,
  SHORT_BINBYTES: 0x43,
  BINFLOAT: 0x47,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  APPENDS: 0x65,
  BINGET: 0x68,
  INST: 0x69,
  LONG_BINGET: 0x6a,
  OBJ: 0x6f,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  EMPTY_TUPLE: 0x29,
  PROTO: 0x80,
  NEWOBJ: 0x81,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  LONG4: 0x8b,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  BINBYTES8: 0x8e,
  EMPTY_SET: 0x8f,
  ADDITEMS: 0x90,
  FROZENSET: 0x91,
  NEWOBJ_EX: 0x92,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
  BYTEARRAY8: 0x96,
} as const;

/** No name of a module and of something in it is longer. */
export const MAX_NAME_BYTES = 200;

/** Longer text is no key. */
const MAX_TEXT_BYTES = 65_536;

/** Longer integers are none that a network has: they are read as 0. */
const MAX_LONG_BYTES = 255;

export class PickleBytes {
  /** The next byte. */
  next: number;
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fail: (problem: string) => never;

  constructor(bytes: Uint8Array, start: number, fail: (problem: string) => never) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fail = fail;
    this.next = start;
    this.length = bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  int16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** An unsigned integer of 4 or 8 bytes. */
  size(bytes: 4 | 8): number {
    const at = this.#take(bytes);
    return bytes === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  slice(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(length: number, encoding: 'utf8' | 'latin1'): string {
    const { buffer, byteOffset } = this.slice(length);
    return Buffer.from(buffer, byteOffset, length).toString(encoding);
  }

  unicode(length: number): string | PickleText {
    return length > MAX_TEXT_BYTES ? new PickleText(this.slice(length)) : this.text(length, 'utf8');
  }

  /** Of Python 2, where text and bytes are one. */
  string(length: number): string | Uint8Array {
    return length > MAX_TEXT_BYTES ? this.slice(length) : this.text(length, 'latin1');
  }

  /** Two's complement; a number where it is a safe one. */
  long(length: number): number | bigint {
    const bytes = this.slice(length);
    if (length > MAX_LONG_BYTES) return 0;
    let value = 0n;
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  line(): string {
    const end = this.#bytes.subarray(this.next, this.next + MAX_NAME_BYTES).indexOf(0x0a);
    if (end < 0) this.#fail('names something that has no name');
    const line = this.text(end, 'utf8');
    this.#take(1);
    return line;
  }

  /** Where `count` bytes lie, which are then taken. */
  #take(count: number): number {
    if (count > this.length - this.next) this.#fail(`ends before the ${count} bytes that should follow`);
    const at = this.next;
    this.next += count;
    return at;
  }
}
