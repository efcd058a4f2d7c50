// Python's pickles, as data. A pickle is a program for a stack machine that can call anything by its name; this one
// knows the instructions that build numbers, text, lists and dictionaries, and only the names that its host lends it.
// Nothing is evaluated, nothing recurses, and no instruction costs more than its bytes do, so that a pickle takes time
// and memory in proportion to its length only.

import { quote } from '../refuse.js';

/** What a pickle's tuple becomes; a list becomes an array. */
export class PickleTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** What a dictionary, ordered or not, becomes. A key that occurs twice counts as it last occurs. */
export class PickleDict {
  readonly pairs: [key: unknown, value: unknown][] = [];
}

/** A name that a pickle may call: gets the arguments and the place of the call, gives what the call gives. */
export class PickleFunction {
  readonly call: (args: readonly unknown[], index: number) => unknown;
  constructor(call: (args: readonly unknown[], index: number) => unknown) {
    this.call = call;
  }
}

/** What a pickle may ask for from outside. An `index` is a place in the pickle's bytes. */
export interface PickleHost {
  /** How many instructions its pickles may still have, together. */
  instructions: number;
  /** What stands for 'module.name'; undefined for what is not allowed. */
  global(name: string): unknown;
  /** What stands for an object that is stored elsewhere. */
  persistent(id: unknown, index: number): unknown;
  /** Throws the error for what is wrong at `index`. */
  fail(problem: string, index: number): never;
}

/** Instructions of protocols 2 to 5, by the names that Python's pickletools gives them. */
const OP = {
  MARK: 0x28,
  STOP: 0x2e,
  POP: 0x30,
  POP_MARK: 0x31,
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
  LONG_BINGET: 0x6a,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  EMPTY_TUPLE: 0x29,
  PROTO: 0x80,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
} as const;

/** No name of a module and of something in it is longer. */
const MAX_NAME_BYTES = 200;

/** Runs the pickle that starts at `start` of `bytes`; `end` is where it stops. Throws what the host throws. */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
): { value: unknown; end: number } {
  return new Machine(bytes, start, host).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  /** Heights of the stack; nothing below the last one may be taken. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  /** The next byte, and the instruction that it belongs to. */
  #next: number;
  #index: number;
  /** Pairs copied from lists to dictionaries: more than there are bytes only if a list is copied again and again. */
  #copied = 0;

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
    this.#next = start;
    this.#index = start;
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      this.#index = this.#next;
      if (this.#host.instructions-- === 0) this.#fail('goes on for too many instructions');
      const op = this.#byte();
      if (op === OP.STOP) {
        const value = this.#pop();
        if (this.#stack.length > 0) this.#fail(`stops with ${this.#stack.length} objects too many`);
        return { value, end: this.#next };
      }
      this.#execute(op);
    }
  }

  #execute(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case OP.PROTO: {
        const protocol = this.#byte();
        if (protocol < 2 || protocol > 5) this.#fail(`has protocol ${protocol}; supported are 2 to 5`);
        break;
      }
      case OP.FRAME:
        this.#size(8); // only a hint
        break;

      case OP.NONE:
        stack.push(null);
        break;
      case OP.NEWTRUE:
        stack.push(true);
        break;
      case OP.NEWFALSE:
        stack.push(false);
        break;
      case OP.BININT:
        stack.push(this.#view.getInt32(this.#take(4), true));
        break;
      case OP.BININT1:
        stack.push(this.#byte());
        break;
      case OP.BININT2:
        stack.push(this.#view.getUint16(this.#take(2), true));
        break;
      case OP.LONG1:
        stack.push(this.#long(this.#byte()));
        break;
      case OP.BINFLOAT:
        stack.push(this.#view.getFloat64(this.#take(8), false));
        break;

      case OP.SHORT_BINUNICODE:
        stack.push(this.#text(this.#byte(), 'utf8'));
        break;
      case OP.BINUNICODE:
        stack.push(this.#text(this.#size(4), 'utf8'));
        break;
      case OP.BINUNICODE8:
        stack.push(this.#text(this.#size(8), 'utf8'));
        break;
      case OP.SHORT_BINSTRING: // Python 2
        stack.push(this.#text(this.#byte(), 'latin1'));
        break;
      case OP.BINSTRING:
        stack.push(this.#text(this.#size(4), 'latin1'));
        break;

      case OP.EMPTY_LIST:
        stack.push([]);
        break;
      case OP.APPEND:
        this.#append([this.#pop()]);
        break;
      case OP.APPENDS:
        this.#append(this.#popMark());
        break;
      case OP.EMPTY_TUPLE:
        stack.push(new PickleTuple([]));
        break;
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        stack.push(new PickleTuple(this.#popMany(op - OP.TUPLE1 + 1)));
        break;
      case OP.TUPLE:
        stack.push(new PickleTuple(this.#popMark()));
        break;
      case OP.EMPTY_DICT:
        stack.push(new PickleDict());
        break;
      case OP.SETITEM:
        this.#setItems(this.#popMany(2));
        break;
      case OP.SETITEMS:
        this.#setItems(this.#popMark());
        break;

      case OP.MARK:
        this.#marks.push(stack.length);
        break;
      case OP.POP:
        if (stack.length > (this.#marks.at(-1) ?? 0)) stack.pop();
        else this.#popMark();
        break;
      case OP.POP_MARK:
        this.#popMark();
        break;
      case OP.BINPUT:
        this.#memo.set(this.#byte(), this.#top());
        break;
      case OP.LONG_BINPUT:
        this.#memo.set(this.#size(4), this.#top());
        break;
      case OP.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case OP.BINGET:
        this.#get(this.#byte());
        break;
      case OP.LONG_BINGET:
        this.#get(this.#size(4));
        break;

      case OP.GLOBAL:
        this.#global(this.#line(), this.#line());
        break;
      case OP.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        this.#global(module, name);
        break;
      }
      case OP.REDUCE:
        this.#reduce();
        break;
      case OP.BUILD: // attributes of an object: an OrderedDict of PyTorch has some
        this.#pop();
        if (!(this.#top() instanceof PickleDict)) this.#fail('sets attributes of something');
        break;
      case OP.BINPERSID:
        stack.push(this.#host.persistent(this.#pop(), this.#index));
        break;
      default:
        this.#fail(`has instruction 0x${op.toString(16).padStart(2, '0')}, which is not allowed`);
    }
  }

  #append(items: unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) this.#fail('appends to something that is no list');
    for (const item of items) list.push(item);
  }

  #setItems(items: unknown[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) this.#fail('sets an item of something that is no dictionary');
    if (items.length % 2 !== 0) this.#fail('sets a key without a value');
    for (let i = 0; i < items.length; i += 2) dict.pairs.push([items[i], items[i + 1]]);
  }

  #global(module: unknown, name: unknown): void {
    const known = typeof module === 'string' && typeof name === 'string';
    if (!known || module.length > MAX_NAME_BYTES || name.length > MAX_NAME_BYTES) {
      this.#fail('names something that has no name');
    }
    const full = `${module}.${name}`;
    const value = full === 'collections.OrderedDict' ? this.#orderedDict : this.#host.global(full);
    if (value === undefined) {
      this.#fail(
        `names ${quote(full)}, which is not allowed: tensors, numbers, text, lists and dictionaries are`,
      );
    }
    this.#stack.push(value);
  }

  #reduce(): void {
    const [called, args] = this.#popMany(2);
    if (!(called instanceof PickleFunction)) this.#fail('calls something that is no function');
    if (!(args instanceof PickleTuple)) this.#fail('calls with something that is no tuple');
    this.#stack.push(called.call(args.items, this.#index));
  }

  /** Without arguments, or with a list of pairs, as Python 2 wrote them. */
  readonly #orderedDict = new PickleFunction((args) => {
    const dict = new PickleDict();
    const [pairs = []] = args;
    if (args.length > 1 || !Array.isArray(pairs)) this.#fail('makes a dictionary of no list');
    this.#copied += pairs.length;
    if (this.#copied > this.#bytes.length) this.#fail('makes dictionaries of one list too often');
    for (const pair of pairs) {
      const items: unknown = pair instanceof PickleTuple ? pair.items : pair;
      if (!Array.isArray(items) || items.length !== 2) this.#fail('makes a dictionary of no pairs');
      dict.pairs.push([items[0], items[1]]);
    }
    return dict;
  });

  #get(key: number): void {
    if (!this.#memo.has(key)) this.#fail(`remembers number ${key}, which it has not seen`);
    this.#stack.push(this.#memo.get(key));
  }

  #pop(): unknown {
    return this.#popMany(1)[0];
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) this.#fail('takes more than there is');
    return this.#stack.splice(-count);
  }

  /** All above the last mark. */
  #popMark(): unknown[] {
    const mark = this.#marks.pop() ?? this.#fail('lacks a mark');
    return this.#stack.splice(mark);
  }

  #top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.#fail('uses more than there is');
    return this.#stack.at(-1);
  }

  /** Where `count` bytes lie, which are then taken. */
  #take(count: number): number {
    if (count > this.#bytes.length - this.#next)
      this.#fail(`ends before the ${count} bytes that should follow`);
    const at = this.#next;
    this.#next += count;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** An unsigned integer of 4 or 8 bytes. */
  #size(bytes: 4 | 8): number {
    const at = this.#take(bytes);
    return bytes === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  #slice(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number, encoding: 'utf8' | 'latin1'): string {
    const { buffer, byteOffset } = this.#slice(length);
    return Buffer.from(buffer, byteOffset, length).toString(encoding);
  }

  /** At most 255 bytes: two's complement; a number where it is a safe one. */
  #long(length: number): number | bigint {
    let value = 0n;
    const bytes = this.#slice(length);
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #line(): string {
    const end = this.#bytes.subarray(this.#next, this.#next + MAX_NAME_BYTES).indexOf(0x0a);
    if (end < 0) this.#fail('names something that has no name');
    const line = this.#text(end, 'utf8');
    this.#take(1);
    return line;
  }

  #fail(problem: string): never {
    return this.#host.fail(`the pickle ${problem}`, this.#index);
  }
}
