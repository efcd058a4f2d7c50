// What the objects of a pickle become. Whatever Python would call or build becomes a stand-in that does nothing.

/** What a pickle's tuple becomes; a list becomes an array, bytes and long text a view of the pickle. */
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

/** Text that is too long to be a name: its UTF-8. Python 3 writes bytes so, for Python 2. */
export class PickleText {
  readonly utf8: Uint8Array;
  constructor(utf8: Uint8Array) {
    this.utf8 = utf8;
  }
}

/** A name that a pickle may call: gets the arguments and the place of the call, gives what the call gives. */
export class PickleFunction {
  readonly call: (args: readonly unknown[], index: number) => unknown;
  constructor(call: (args: readonly unknown[], index: number) => unknown) {
    this.call = call;
  }
}

/** What can be given a state after it is made. */
export abstract class Stateful {
  abstract setState(state: unknown, index: number): void;
}

/** A class or a function that the host does not lend. It is never looked up. */
export class ForeignName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What would come of calling it: whatever is put into it can be found there, and nothing else happens. */
export class ForeignObject extends Stateful {
  readonly name: string;
  readonly items: unknown[] = [];
  state: unknown;

  constructor(name: string) {
    super();
    this.name = name;
  }

  setState(state: unknown): void {
    this.state = state;
  }
}

/** For messages: the items of a tuple, which are quoted as a list's are. */
export function plain(value: unknown): unknown {
  return value instanceof PickleTuple ? value.items : value;
}
