// The networks of an engine: each file is read once, packed once, and shared by all runs.

import { stat } from 'node:fs/promises';
import { type NetworkDescription, readNetwork } from '../weights/network.js';
import { addon, type EngineBackend, type EngineNetwork, type EngineReservation } from './addon.js';
import { descriptionOf, type NetworkShape } from './layers.js';
import { type Memory, reserve } from './memory.js';

/** What of a network's own input a run replaces. */
export type InputChanges = Partial<Pick<NetworkDescription, 'padding' | 'range'>>;

/** A network of an engine. What it has learnt is in memory only until it is packed. */
export class SharedNetwork {
  readonly shape: NetworkShape;
  /** Its own, whatever is made of it. */
  readonly range: number;
  readonly #file: string;
  readonly #input: InputChanges;
  readonly #backend: EngineBackend;
  readonly #memory: () => Memory;
  #read: NetworkDescription | undefined;
  #packed: { convolutions: number; engine: Promise<EngineNetwork> } | undefined;
  #reservations: EngineReservation[] = [];
  #holders = 0;
  #closed = false;

  constructor(
    file: string,
    input: InputChanges,
    network: NetworkDescription,
    backend: EngineBackend,
    memory: () => Memory,
  ) {
    this.#file = file;
    this.#input = input;
    this.#backend = backend;
    this.#memory = memory;
    this.#read = network;
    const convolutions = network.convolutions.map(({ weight, bias, ...shape }) => shape);
    this.range = network.range;
    this.shape = { ...network, ...input, convolutions };
  }

  /** Whether that much of it is packed, so that no run need count it. */
  has(convolutions: number): boolean {
    return this.#packed !== undefined && this.#packed.convolutions >= convolutions;
  }

  /** Its first convolutions, or more of them, packed. */
  async packed(convolutions: number): Promise<EngineNetwork> {
    if (!this.has(convolutions)) {
      const before = this.#packed;
      const engine = this.#pack(convolutions);
      this.#packed = { convolutions, engine };
      engine.catch(() => {
        if (this.#packed?.engine === engine) this.#packed = undefined;
      });
      before?.engine.then((network) => network.dispose()).catch(() => {}); // runs that have it keep it
    }
    return this.#packed!.engine;
  }

  async #pack(convolutions: number): Promise<EngineNetwork> {
    const network = this.#read ?? (await readNetwork(this.#file));
    const packed = await addon().Network.load(
      this.#backend,
      descriptionOf({ ...network, ...this.#input }, convolutions),
    );
    this.#read = undefined;
    // From now on it is there for all runs, and no run's.
    const { reservation } = reserve(this.#memory(), packed.bytes);
    if (reservation) this.#reservations.push(reservation);
    return packed;
  }

  /** Keeps it for a run, dispose() or not, until that is released. */
  hold(): EngineReservation {
    this.#holders++;
    let held = true;
    const release = () => {
      if (held) this.#holders--;
      held = false;
      if (this.#closed && this.#holders === 0) this.#letGo();
    };
    return { release };
  }

  /** Lets go of it as soon as no run holds it. */
  dispose(): void {
    this.#closed = true;
    if (this.#holders === 0) this.#letGo();
  }

  #letGo(): void {
    this.#packed?.engine.then((network) => network.dispose()).catch(() => {});
    this.#packed = undefined;
    for (const reservation of this.#reservations.splice(0)) reservation.release();
  }
}

export class Networks {
  readonly #backend: EngineBackend;
  readonly #memory: () => Memory;
  readonly #known = new Map<string, Promise<SharedNetwork>>();

  constructor(backend: EngineBackend, memory: () => Memory) {
    this.#backend = backend;
    this.#memory = memory;
  }

  /** The network in a safetensors file; a file that has changed is another network. @throws WeightsError */
  async open(file: string, input: InputChanges = {}): Promise<SharedNetwork> {
    const own = await stat(file).then(
      ({ dev, ino, size, mtimeMs }) => [file, dev, ino, size, mtimeMs].join('\n'),
      () => file, // which its reader says
    );
    const identity = [own, input.padding, input.range].join('\n');
    let network = this.#known.get(identity);
    if (!network) {
      network = readNetwork(file).then(
        (read) => new SharedNetwork(file, input, read, this.#backend, this.#memory),
      );
      this.#known.set(identity, network);
      network.catch(() => this.#known.delete(identity));
    }
    return network;
  }

  /** Lets go of all; runs that use one keep it until they end. */
  dispose(): void {
    for (const network of this.#known.values()) network.then((shared) => shared.dispose()).catch(() => {});
    this.#known.clear();
  }
}
