// A run as a state machine: it stands between two iterations, can be looked at and saved there, and goes on by one
// iteration or to its end. stylize() is a few lines over it.

import type { EngineLosses } from '../engine/addon.js';
import { warn } from '../engine/choose.js';
import type { Engine } from '../engine/engine.js';
import { OptionError, type ScumbleError } from '../errors.js';
import { Picture } from '../image/picture.js';
import type { Raster } from '../image/types.js';
import { lossesOf, namedLosses } from '../objective/objective.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from '../options/options.js';
import { Clock } from './clock.js';
import { describe } from './describe.js';
import { DivergedError } from './diverged.js';
import { type Place, type Prepared, prepare, release } from './prepare.js';
import type { Progress } from './progress.js';
import type { Stage } from './schedule.js';
import { StageSession } from './stage.js';
import { carriedMoments, carriesMoments, firstPicture, type Legacy, startOf } from './start.js';

/**
 * Where a run stands: named vectors and numbers, plain data. A run that begins there with the same options ends in the
 * same bytes as one that was never interrupted; on another device it goes on with that one's rounding.
 */
export interface RunState {
  /** Picture-sized, interleaved RGB: `picture`, `result`, and those of the optimiser. */
  vectors: Record<string, Float32Array>;
  /** `stage` (its index), `size` (width, height), and those of the iteration and the optimiser. */
  numbers: Record<string, number[]>;
}

/** The options of a run: where it computes is the engine's. */
export type RunOptions = Omit<StylizeOptions, 'device' | 'precision'>;

/**
 * A run on an engine. It does nothing by itself: next() takes it one iteration on, finish() to the end.
 *
 * @example
 * await using engine = await Engine.open();
 * const run = await Run.start(engine, { content: 'river.jpg', style: 'night.jpg' });
 * for await (const { total } of run) console.log(total);
 * await (await run.finish()).save('out.png');
 */
export class Run implements AsyncIterable<Progress> {
  /** What it goes through, coarse to fine. */
  readonly stages: readonly Stage[];
  readonly #options: ResolvedOptions;
  readonly #prepared: Prepared;
  #place: Place;
  #index = 0;
  #session: StageSession | undefined;
  #legacy: Legacy | undefined;
  /** Where the stage to come was left by another run. */
  #left: RunState | undefined;
  #clock: Clock | undefined;

  private constructor(options: ResolvedOptions, prepared: Prepared, state: RunState | undefined) {
    this.#options = options;
    this.#prepared = prepared;
    this.#place = prepared.place;
    this.stages = prepared.stages;
    if (state) this.#resume(state);
  }

  /**
   * Prepares a run: checks the options, reads the images, and sets memory aside in the account of all runs of the process.
   * Errors as those of stylize().
   *
   * @param state where another run with these options stood, to go on there
   */
  static async start(engine: Engine, options: RunOptions, state?: RunState): Promise<Run> {
    return Run.#on(engine, resolveOptions({ ...options, device: engine.device }), state);
  }

  /** @internal For whoever has resolved the options. */
  static async on(engine: Engine, options: ResolvedOptions): Promise<Run> {
    return Run.#on(engine, options, undefined);
  }

  static async #on(engine: Engine, options: ResolvedOptions, state: RunState | undefined): Promise<Run> {
    const say = (warning: ScumbleError) => warn(options, warning);
    const prepared = await prepare(engine, options, say);
    try {
      const run = new Run(options, prepared, state);
      run.#legacy = {
        picture: await firstPicture(options, prepared.place.network.shape, prepared.inputs[0]!.content, say),
      };
      return run;
    } catch (error) {
      release(prepared.place);
      throw error;
    }
  }

  /** The device that it is on: `cpu`, `cuda:0` … */
  get device(): string {
    return this.#place.engine.device;
  }

  /** Whether all stages are done. */
  get isDone(): boolean {
    const last = this.#index === this.stages.length - 1;
    return this.#index >= this.stages.length || (last && this.#session?.isDone === true);
  }

  /**
   * One iteration. Until the next call the run stands there: image() and state() are of that iteration.
   *
   * @returns nothing after the last one
   */
  async next(): Promise<Progress | undefined> {
    for (;;) {
      const session = await this.#enter();
      if (!session) return undefined;
      if (session.isDone) {
        if (this.isDone) return undefined;
        await this.#leave(session);
        continue;
      }
      try {
        const losses = await this.#lookOut(session, session.follow());
        const progress = this.#progress(session, losses);
        await this.#options.onProgress?.(progress);
        return progress;
      } catch (error) {
        await this.#retreat(error);
      }
    }
  }

  /** All iterations that are left, without a look at them. Later calls give the same picture. */
  async finish(): Promise<Picture> {
    for (;;) {
      const session = await this.#enter();
      if (!session) throw new Error('the run is disposed');
      try {
        await this.#lookOut(session, session.finish());
        if (this.isDone) return await this.image();
        await this.#leave(session);
      } catch (error) {
        await this.#retreat(error);
      }
    }
  }

  /** The picture so far, at its stage's size. */
  async image(): Promise<Picture> {
    const session = await this.#enter();
    if (!session) throw new Error('the run is disposed');
    return this.#picture(session);
  }

  /** Where it stands. */
  async state(): Promise<RunState> {
    const session = await this.#enter();
    if (!session) throw new Error('the run is disposed');
    const { vectors, numbers } = await session.save();
    return {
      vectors,
      numbers: { ...numbers, stage: [this.#index], size: [session.width, session.height] },
    };
  }

  /** Iterates to the end, one iteration a step. Leaving the loop leaves the run standing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void> {
    for (let progress = await this.next(); progress; progress = await this.next()) yield progress;
  }

  /** Gives everything back, after previews that are under way. The run cannot go on then. */
  async dispose(): Promise<void> {
    this.#index = this.stages.length;
    const session = this.#session;
    this.#session = undefined;
    this.#legacy = undefined;
    try {
      await session?.dispose();
    } finally {
      release(this.#place);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** The session of the stage at hand, begun if need be; nothing after dispose(). */
  async #enter(): Promise<StageSession | undefined> {
    for (;;) {
      if (this.#session || this.#index >= this.stages.length) return this.#session;
      try {
        this.#session = await this.#begin();
      } catch (error) {
        await this.#retreat(error);
      }
    }
  }

  async #begin(): Promise<StageSession> {
    const { engine, network } = this.#place;
    const { threads } = this.#options;
    const stage = this.stages[this.#index]!;
    const images = this.#prepared.inputs[this.#index]!;
    const legacy = this.#legacy!;
    this.#options.signal?.throwIfAborted();
    const packed = await engine.guard(network.packed(this.#prepared.convolutions));
    const start = this.#left
      ? { ...images.content, data: this.#left.vectors.picture! }
      : await startOf(legacy, images.content, threads, engine);
    const session = await StageSession.begin(engine, packed, stage, images, start, this.#options);
    try {
      if (this.#left) {
        await session.restore(this.#left);
      } else if (legacy.state) {
        const { picture, state } = legacy;
        const fresh = await session.save();
        await session.restore(
          await carriedMoments({ picture, state }, fresh, images.content, threads, engine),
        );
      }
    } catch (error) {
      await session.dispose();
      throw error;
    }
    this.#clock ??= new Clock(
      this.stages.map(({ iterations }, i) => {
        const { width, height } = this.#prepared.inputs[i]!.content;
        return { pixels: width * height, iterations };
      }),
      { stage: this.#index, iteration: session.iteration },
    );
    return session;
  }

  /** Goes on to the next stage. */
  async #leave(session: StageSession): Promise<void> {
    const { width, height, stage } = session;
    const picture: Raster = { width, height, data: await session.image() };
    const state = carriesMoments(stage, this.stages[this.#index + 1]) ? await session.save() : undefined;
    this.#session = undefined;
    await session.dispose();
    this.#legacy = { picture, ...(state && { state }) };
    this.#left = undefined;
    this.#index++;
  }

  /** Begins the stage again on the CPU if the device has failed and may be given up. @throws `reason`, if not */
  async #retreat(reason: unknown): Promise<void> {
    const engine = await this.#place.engine.retreat(reason, this.#options);
    const session = this.#session;
    this.#session = undefined;
    await session?.dispose();
    release(this.#place);
    this.#place = await this.#prepared.moveTo(engine);
  }

  #resume(state: RunState): void {
    const [index] = state.numbers.stage ?? [];
    const content = index === undefined ? undefined : this.#prepared.inputs[index]?.content;
    const [width, height] = state.numbers.size ?? [];
    if (!content || content.width !== width || content.height !== height) {
      throw new OptionError('state', state, 'the state is not one of a run with these options');
    }
    const { stage, size, ...numbers } = state.numbers;
    this.#left = { vectors: state.vectors, numbers };
    this.#index = index!;
  }

  /** A divergence becomes an error with the last good picture. */
  async #lookOut<T>(session: StageSession, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code, iteration } = error as { code?: string; iteration: number };
      if (code !== 'DIVERGED') throw error;
      throw new DivergedError(
        `the loss is no longer finite at iteration ${iteration} of scale ${session.width}x${session.height}`,
        iteration,
        await this.#picture(session),
      );
    }
  }

  #progress(session: StageSession, engineLosses: EngineLosses): Progress {
    const losses = namedLosses(this.#options.terms, engineLosses);
    return {
      scale: [session.width, session.height],
      scaleIndex: this.#index + 1,
      scaleCount: this.stages.length,
      iteration: session.iteration,
      iterations: session.stage.iterations,
      ...this.#clock!.tick(this.#index, session.iteration),
      total: engineLosses.total,
      losses,
      content: lossesOf(losses, 'content'),
      style: lossesOf(losses, 'style'),
      tv: losses.tv ?? 0,
      device: this.device,
      image: () => this.#picture(session),
    };
  }

  /** The session is kept until it is there. */
  #picture(session: StageSession): Promise<Picture> {
    const { width, height } = session;
    const { alpha } = session.images.content;
    const options = describe(this.#options, this.#place.engine);
    const picture = session
      .image()
      .then((data) => new Picture({ width, height, data, ...(alpha && { alpha }) }, options));
    session.keepFor(picture);
    return picture;
  }
}
