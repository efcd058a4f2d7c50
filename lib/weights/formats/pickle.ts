// Python's pickles, as data. A pickle is a program for a stack machine that can call anything by its name; this one
// builds numbers, text, lists and dictionaries, and knows only the names that its host lends it. For any other name
// there is a stand-in that takes what it is given and does nothing. Nothing is evaluated, nothing recurses, and no
// instruction costs more than its bytes do, so that a pickle takes time and memory in proportion to its length only.

import { turnIfDue } from '../turns.js';
import { MAX_NAME_BYTES, OP, PickleBytes } from './pickle-bytes.js';
import {
  ForeignName,
  ForeignObject,
  PickleDict,
  PickleFunction,
  PickleTuple,
  Stateful,
} from './pickle-values.js';

/** What a pickle may ask for from outside. An `index` is a place in the pickle's bytes. */
export interface PickleHost {
  /** How many instructions its pickles may still have, together. */
  instructions: number;
  /** What stands for 'module.name'; undefined for what it does not lend. */
  global(name: string): unknown;
  /** What stands for an object that is stored elsewhere. */
  persistent(id: unknown, index: number): unknown;
  /** Throws the error for what is wrong at `index`. */
  fail(problem: string, index: number): never;
}

/** Instructions between looks at the clock. */
const PIECE = 1 << 10;

/** Runs the pickle that starts at `start` of `bytes`; `end` is where it stops. Rejects with what the host throws. */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
): Promise<{ value: unknown; end: number }> {
  return new Machine(bytes, start, host).run();
}

class Machine {
  readonly #bytes: PickleBytes;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  /** Heights of the stack; nothing below the last one may be taken. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  /** Of the instruction at hand. */
  #index: number;
  /** Pairs copied from lists to dictionaries: more than there are bytes only if a list is copied again and again. */
  #copied = 0;

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.#bytes = new PickleBytes(bytes, start, (problem) => this.#fail(problem));
    this.#host = host;
    this.#index = start;
  }

  async run(): Promise<{ value: unknown; end: number }> {
    for (let count = 1; ; count++) {
      if (count % PIECE === 0) await turnIfDue();
      this.#index = this.#bytes.next;
      if (this.#host.instructions-- === 0) this.#fail('goes on for too many instructions');
      const op = this.#bytes.byte();
      if (op === OP.STOP) {
        const value = this.#pop();
        if (this.#stack.length > 0) this.#fail(`stops with ${this.#stack.length} objects too many`);
        return { value, end: this.#bytes.next };
      }
      this.#execute(op);
    }
  }

  #execute(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case OP.PROTO: {
        const protocol = this.#bytes.byte();
        if (protocol < 2 || protocol > 5) this.#fail(`has protocol ${protocol}; supported are 2 to 5`);
        break;
      }
      case OP.FRAME:
        this.#bytes.size(8); // only a hint
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
        stack.push(this.#bytes.int32());
        break;
      case OP.BININT1:
        stack.push(this.#bytes.byte());
        break;
      case OP.BININT2:
        stack.push(this.#bytes.int16());
        break;
      case OP.LONG1:
        stack.push(this.#bytes.long(this.#bytes.byte()));
        break;
      case OP.LONG4:
        stack.push(this.#bytes.long(this.#bytes.size(4)));
        break;
      case OP.BINFLOAT:
        stack.push(this.#bytes.float());
        break;

      case OP.SHORT_BINUNICODE:
        stack.push(this.#bytes.text(this.#bytes.byte(), 'utf8'));
        break;
      case OP.BINUNICODE:
        stack.push(this.#bytes.unicode(this.#bytes.size(4)));
        break;
      case OP.BINUNICODE8:
        stack.push(this.#bytes.unicode(this.#bytes.size(8)));
        break;
      case OP.SHORT_BINSTRING: // Python 2, where text and bytes are one
        stack.push(this.#bytes.text(this.#bytes.byte(), 'latin1'));
        break;
      case OP.BINSTRING:
        stack.push(this.#bytes.string(this.#bytes.size(4)));
        break;
      case OP.SHORT_BINBYTES:
        stack.push(this.#bytes.slice(this.#bytes.byte()));
        break;
      case OP.BINBYTES:
        stack.push(this.#bytes.slice(this.#bytes.size(4)));
        break;
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        stack.push(this.#bytes.slice(this.#bytes.size(8)));
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
      case OP.EMPTY_SET:
        stack.push(new ForeignObject('builtins.set'));
        break;
      case OP.ADDITEMS:
        this.#append(this.#popMark());
        break;
      case OP.FROZENSET:
        this.#popMark();
        stack.push(new ForeignObject('builtins.frozenset'));
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
        this.#memo.set(this.#bytes.byte(), this.#top());
        break;
      case OP.LONG_BINPUT:
        this.#memo.set(this.#bytes.size(4), this.#top());
        break;
      case OP.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case OP.BINGET:
        this.#get(this.#bytes.byte());
        break;
      case OP.LONG_BINGET:
        this.#get(this.#bytes.size(4));
        break;

      case OP.GLOBAL:
        this.#global(this.#bytes.line(), this.#bytes.line());
        break;
      case OP.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        this.#global(module, name);
        break;
      }
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const [called, args] = this.#popMany(2);
        this.#call(called, args);
        break;
      }
      case OP.NEWOBJ_EX: {
        const [called, args] = this.#popMany(3);
        this.#call(called, args);
        break;
      }
      case OP.OBJ: {
        const [called, ...args] = this.#popMark();
        this.#call(called, new PickleTuple(args));
        break;
      }
      case OP.INST: {
        const args = new PickleTuple(this.#popMark());
        this.#global(this.#bytes.line(), this.#bytes.line());
        this.#call(this.#pop(), args);
        break;
      }
      case OP.BUILD:
        this.#build(this.#pop());
        break;
      case OP.BINPERSID:
        stack.push(this.#host.persistent(this.#pop(), this.#index));
        break;
      default:
        this.#fail(`has instruction 0x${op.toString(16).padStart(2, '0')}, which is not allowed`);
    }
  }

  #append(items: unknown[]): void {
    const to = this.#top();
    const list = to instanceof ForeignObject ? to.items : to;
    if (!Array.isArray(list)) this.#fail('appends to something that is no list');
    for (const item of items) list.push(item);
  }

  #setItems(items: unknown[]): void {
    const to = this.#top();
    if (items.length % 2 !== 0) this.#fail('sets a key without a value');
    if (to instanceof ForeignObject) {
      const dict = new PickleDict();
      to.items.push(dict);
      this.#setPairs(dict, items);
    } else if (to instanceof PickleDict) this.#setPairs(to, items);
    else this.#fail('sets an item of something that is no dictionary');
  }

  #setPairs({ pairs }: PickleDict, items: unknown[]): void {
    for (let i = 0; i < items.length; i += 2) pairs.push([items[i], items[i + 1]]);
  }

  #global(module: unknown, name: unknown): void {
    const known = typeof module === 'string' && typeof name === 'string';
    if (!known || module.length > MAX_NAME_BYTES || name.length > MAX_NAME_BYTES) {
      this.#fail('names something that has no name');
    }
    const full = `${module}.${name}`;
    const isDict = full === 'collections.OrderedDict';
    this.#stack.push(isDict ? this.#orderedDict : (this.#host.global(full) ?? new ForeignName(full)));
  }

  #call(called: unknown, args: unknown): void {
    if (!(args instanceof PickleTuple)) this.#fail('calls with something that is no tuple');
    if (called instanceof PickleFunction) this.#stack.push(called.call(args.items, this.#index));
    else if (called instanceof ForeignName || called instanceof ForeignObject) {
      this.#stack.push(new ForeignObject(called.name));
    } else this.#fail('calls something that is no function');
  }

  #build(state: unknown): void {
    const object = this.#top();
    if (object instanceof Stateful) object.setState(state, this.#index);
    // An OrderedDict of PyTorch has attributes, and so may a tensor. They are no tensors.
    else if (object === null || typeof object !== 'object') this.#fail('sets attributes of something');
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

  #fail(problem: string): never {
    return this.#host.fail(`the pickle ${problem}`, this.#index);
  }
}
