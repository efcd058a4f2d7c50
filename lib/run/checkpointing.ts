// When a run is saved on its way, and that a file that cannot be written ends no run.

import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addon } from '../engine/addon.js';
import { warn } from '../engine/choose.js';
import type { Engine } from '../engine/engine.js';
import { CheckpointError } from '../errors.js';
import { checkWritable, previousOf, shorten, writeInTurn } from '../files/atomic.js';
import { toPath } from '../image/source.js';
import type { ImageSource } from '../image/types.js';
import { settledOptions } from '../options/file.js';
import type { ResolvedOptions, StylizeOptions } from '../options/options.js';
import { intervalOf } from '../options/topics/checkpoints.js';
import { type About, encodeCheckpoint } from './checkpoint-file.js';
import { fingerprintsOf } from './fingerprints.js';
import { isImage } from './inputs.js';
import type { RunState } from './state.js';

/** What all checkpoints of a run say. */
type Given = Pick<About, 'options' | 'fingerprints'>;

export class Checkpointing {
  /** What the command wants to find again. */
  command: About['command'];
  readonly #path: string;
  readonly #options: ResolvedOptions;
  readonly #given: Given;
  /** Iterations since the last one that was begun, and when that was. */
  #iterations = 0;
  #since = performance.now();
  /** The write that is under way, or was the last. */
  #writing: Promise<void> = Promise.resolve();
  #saved = false;
  #failing = false;

  private constructor(path: string, options: ResolvedOptions, given: Given) {
    this.#path = path;
    this.#options = options;
    this.#given = given;
  }

  /**
   * @param goneOnFrom the checkpoint that the run began with, whose place it may take
   * @throws OutputError where no file can be written, CheckpointError where there is one already
   */
  static async check({ checkpoint }: StylizeOptions, goneOnFrom: string | undefined): Promise<void> {
    if (checkpoint === undefined) return;
    await checkWritable(checkpoint);
    if (goneOnFrom !== undefined && resolve(goneOnFrom) === resolve(checkpoint)) return;
    for (const file of [checkpoint, previousOf(checkpoint)]) {
      const isThere = await access(file).then(
        () => true,
        () => false,
      );
      if (!isThere) continue;
      const name = shorten(file);
      throw new CheckpointError(
        file,
        `checkpoint "${name}" is there already: go on from it by "scumble resume ${name}", or delete it to begin anew`,
      );
    }
  }

  /** Of a run that asks for them. @param network the file of its network */
  static async of(
    given: StylizeOptions,
    options: ResolvedOptions,
    network: string,
  ): Promise<Checkpointing | undefined> {
    if (given.checkpoint === undefined) return undefined;
    const { style, ...settled } = settledOptions(given);
    const [weights, content, init] = [options.weights, options.content, options.init];
    return new Checkpointing(given.checkpoint, options, {
      options: {
        ...settled,
        content: placeOf(content),
        style: options.styles.map(placeOf),
        init: isImage(init) ? placeOf(init) : init,
        checkpointEvery: options.checkpointEvery,
        weights: weights === network ? resolve(weights) : weights,
      },
      fingerprints: await fingerprintsOf(options, network),
    });
  }

  /** The file, once there is one of this run. */
  get saved(): string | undefined {
    return this.#saved ? this.#path : undefined;
  }

  /** Whether one is due now, an iteration later. */
  isDue(scaleDone: boolean): boolean {
    this.#iterations++;
    const every = intervalOf(this.#options.checkpointEvery);
    if (scaleDone) return true;
    if ('iterations' in every) return this.#iterations >= every.iterations;
    return performance.now() - this.#since >= 1000 * every.seconds;
  }

  /** Whether the last one is of where the run stands. */
  get isUpToDate(): boolean {
    return this.#saved && !this.#failing && this.#iterations === 0;
  }

  /**
   * Takes the state, and writes it while the run goes on. Only one at a time is on its way: the state is a good part of a
   * run's memory.
   */
  async save(take: () => Promise<RunState>, standing: About['standing'], engine: Engine): Promise<void> {
    await this.#writing;
    const state = await take();
    this.#iterations = 0;
    this.#since = performance.now();
    const { device, precision } = engine;
    const instructionSet = device === 'cpu' ? addon().instructionSet : undefined;
    const machine = { device, precision, ...(instructionSet && { instructionSet }) };
    this.#writing = this.#write({ ...this.#given, machine, standing, command: this.command }, state);
    this.#writing.catch(() => {});
  }

  /** Resolves when what was begun is written. @throws what onWarning threw */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(about: About, state: RunState): Promise<void> {
    try {
      await writeInTurn(this.#path, await encodeCheckpoint(about, state));
      this.#saved = true;
      this.#failing = false;
    } catch (error) {
      if (this.#failing) return; // once until it works again
      this.#failing = true;
      const { message } = error as Error;
      const warning = new CheckpointError(this.#path, `${message}; the run goes on, and tries again`, error);
      await warn(this.#options, warning);
    }
  }
}

/** A file as whoever goes on in another folder finds it; null for what is in memory. */
function placeOf(source: ImageSource): string | null {
  return typeof source === 'string' || source instanceof URL ? resolve(toPath(source, 'content')) : null;
}
