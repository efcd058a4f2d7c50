// The wire format of protocol buffers, field by field: Caffe and ONNX files are hundreds of megabytes, so what is long
// stays a view of the file, and no message is ever decoded as a whole.

import { Reader } from 'protobufjs/minimal.js';
import { refuse } from '../refuse.js';

/** A VGG has some hundreds. It is what bounds the time that a file of nothing but fields takes. */
const MAX_FIELDS = 1e6;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** One field of a message: a number (what is 64 bits long loses precision beyond 2^53) or bytes. */
export interface Field {
  number: number;
  value: number | Message;
  /** The byte of the file where it begins. */
  offset: number;
}

/** A stretch of a file: the file itself, a message within it, text or packed numbers. */
export class Message {
  readonly bytes: Uint8Array;
  /** The byte of the file where it begins. */
  readonly offset: number;
  readonly #path: string;
  readonly #count: { fields: number };

  constructor(bytes: Uint8Array, path: string, offset = 0, count = { fields: 0 }) {
    this.bytes = bytes;
    this.offset = offset;
    this.#path = path;
    this.#count = count;
  }

  /** @throws WeightsError at the first byte that is not as the format has it */
  *fields(): Generator<Field, void, undefined> {
    const reader = Reader.create(this.bytes);
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const offset = this.offset + start;
      if (++this.#count.fields > MAX_FIELDS) this.fail(`has more than ${MAX_FIELDS} fields`, start);
      const tag = this.#take(start, () => reader.uint32());
      yield { number: tag >>> 3, value: this.#value(reader, tag & 7, start), offset };
    }
  }

  #value(reader: Reader, wire: number, start: number): number | Message {
    if (wire === VARINT) return this.#take(start, () => Number(reader.int64()));
    if (wire === FIXED32) return this.#take(start, () => reader.float());
    if (wire === FIXED64) return this.#take(start, () => reader.double());
    if (wire !== BYTES) return this.fail(`has a field of wire type ${wire}`, start);
    const length = this.#take(start, () => reader.uint32());
    const from = reader.pos;
    if (length > reader.len - from) {
      this.fail(`has a field of ${length} bytes, but only ${reader.len - from} follow`, start);
    }
    reader.pos = from + length;
    const bytes = this.bytes.subarray(from, from + length);
    return new Message(bytes, this.#path, this.offset + from, this.#count);
  }

  /** What the library reads; it throws where bytes are missing or no number. */
  #take<T>(start: number, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      return this.fail(`has a damaged field: ${(cause as Error).message}`, start);
    }
  }

  /** As text; at most 1000 bytes of it. */
  text(): string {
    return Buffer.from(this.bytes.subarray(0, 1000)).toString();
  }

  /** The integers that it packs. */
  varints(): number[] {
    const reader = Reader.create(this.bytes);
    const values: number[] = [];
    while (reader.pos < reader.len) {
      values.push(this.#take(reader.pos, () => Number(reader.int64())));
    }
    return values;
  }

  /** What is wrong, at a byte of this message. */
  fail(problem: string, at = 0): never {
    refuse(this.#path, problem, { offset: this.offset + at });
  }
}

/** A value that is bytes. */
export function asMessage({ number, value, offset }: Field, path: string): Message {
  if (typeof value === 'number') refuse(path, `field ${number} is a number, not bytes`, { offset });
  return value;
}

/** A value that is a number. */
export function asNumber({ number, value, offset }: Field, path: string): number {
  if (typeof value !== 'number') refuse(path, `field ${number} is bytes, not a number`, { offset });
  return value;
}

/** Values of a repeated integer, packed or not. */
export function asNumbers({ value }: Field, limit = 64): number[] {
  if (typeof value === 'number') return [value];
  if (value.bytes.length > limit * 10) value.fail(`has more than ${limit} sizes`);
  return value.varints();
}
