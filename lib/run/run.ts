// A run as a state machine: it stands between two iterations, can be looked at and saved there, and goes on by one
// iteration or to its end. stylize() is a few lines over it.

import type { EngineLosses } from '../engine/addon.js';
import { warn } from '../engine/choose.js';
import type { Engine } from '../engine/engine.js';
import type { ScumbleError } from '../errors.js';
import { Picture } from '../image/picture.js';
import type { Raster } from '../image/types.js';
import { lossesOf, namedLosses } from '../objective/objective.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from '../options/options.js';
import type { Checkpoint } from './checkpoint-file.js';
import { Checkpointing } from './checkpointing.js';
import { Clock } from './clock.js';
import { describe } from './describe.js';
import { DivergedError } from './diverged.js';
import { Finishing } from './finishing.js';
import { type Deployment, type Prepared, prepare, release } from './prepare.js';
import type { Progress } from './progress.js';
import { noteChanges, type ResumeOptions, resumption } from './resume.js';
import type { Stage } from './schedule.js';
import { StageSession } from './stage.js';
import { carriedMoments, carriesMoments, firstPicture, type Legacy, startOf } from './start.js';
import { type RunState, refuseState, type StageState, standingIn } from './state.js';
import { type Forecast, tryOut } from './trial.js';

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
  readonly #finishing: Finishing;
  readonly #checkpointing: Checkpointing | undefined;
  #deployment: Deployment;
  #index = 0;
  /** The session of the stage at hand, or on its way; and once it is there. */
  #stage: Promise<StageSession> | undefined;
  #session: StageSession | undefined;
  /** The latest of the calls that move the run. */
  #moves: Promise<unknown> = Promise.resolve();
  #disposal: Promise<void> | undefined;
  #legacy: Legacy | undefined;
  /** Where the stage to come was left by another run. */
  #left: StageState | undefined;
  #clock: Clock | undefined;
  /** The last that was told. */
  #latest: Progress | undefined;

  private constructor(
    options: ResolvedOptions,
    prepared: Prepared,
    state: RunState | undefined,
    checkpointing: Checkpointing | undefined,
  ) {
    this.#checkpointing = checkpointing;
    this.#options = options;
    this.#prepared = prepared;
    this.#finishing = new Finishing(options, prepared.inputs.stages.at(-1)!.styles);
    this.#deployment = prepared.deployment;
    this.stages = prepared.stages;
    if (!state) return;
    const { index, left } = standingIn(state, prepared.stages, prepared.inputs.stages);
    this.#index = index;
    this.#left = left;
  }

  /**
   * Prepares a run: checks the options, reads the images, and sets memory aside in the account of all runs of the process.
   * Errors as those of stylize().
   *
   * @param state where another run with these options stood, to go on there
   */
  static async start(engine: Engine, options: RunOptions, state?: RunState): Promise<Run> {
    return Run.on(engine, { ...options, device: engine.device }, state && { state });
  }

  /**
   * Goes on from a checkpoint, to the same bytes as if nothing had come between. On another device, or by another version of
   * Scumble, the bytes may differ, which onWarning is told.
   *
   * @param checkpoint what the option `checkpoint` named; it is saved to from now on
   * @param changes what may change: see ResumeOptions
   * @throws CheckpointError for a file that is damaged or of a later version, and where network or inputs are not those
   *   that the run began with; OptionError for what may not change; and as start()
   */
  static async resume(engine: Engine, checkpoint: string, changes: ResumeOptions = {}): Promise<Run> {
    const { given, from } = await resumption(checkpoint, changes);
    return Run.on(engine, { ...given, device: engine.device }, from);
  }

  /** @internal @param from where to go on, from a checkpoint if it has a path */
  static async on(
    engine: Engine,
    given: StylizeOptions,
    from?: Pick<Checkpoint, 'state'> & Partial<Checkpoint>,
  ): Promise<Run> {
    const options = resolveOptions(given);
    const say = (warning: ScumbleError) => warn(options, warning);
    await Checkpointing.check(given, from?.path);
    const prepared = await prepare(engine, options, say);
    try {
      const checkpointing = await Checkpointing.of(given, options, prepared.file);
      const run = new Run(options, prepared, from?.state, checkpointing);
      if (from) await noteChanges(from, prepared.deployment.engine, options);
      const { network, engine: on } = prepared.deployment;
      const first = firstPicture(options, network.shape, prepared.inputs);
      run.#legacy = { picture: await on.guard(first) };
      return run;
    } catch (error) {
      release(prepared.deployment);
      throw error;
    }
  }

  /** The device that it is on: `cpu`, `cuda:0` … */
  get device(): string {
    return this.#deployment.engine.device;
  }

  /** Whether all stages are done. */
  get isDone(): boolean {
    const last = this.#index === this.stages.length - 1;
    return this.#disposal !== undefined || (last && this.#session?.isDone === true);
  }

  /**
   * One iteration. Until the next call the run stands there: image() and state() are of that iteration.
   *
   * @returns nothing after the last one
   */
  next(): Promise<Progress | undefined> {
    return this.#inTurn(() => this.#next());
  }

  /**
   * All iterations that are left, without a look at them unless there is an onProgress. Later calls give the same
   * picture.
   */
  finish(): Promise<Picture> {
    return this.#inTurn(async () => {
      if (this.#options.onProgress || this.#checkpointing) while (await this.#next());
      const picture = await this.#finish();
      await this.#checkpointing?.settled();
      return picture;
    });
  }

  /** @internal How long it will take. Before its first iteration; nothing where the trial fails or would take too long. */
  forecast(): Promise<Forecast | undefined> {
    return this.#inTurn(async () => {
      try {
        return await tryOut(this.#deployment, this.#prepared, this.#options, false);
      } catch {
        this.#options.signal?.throwIfAborted();
        return undefined; // what is wrong the run itself will meet and say
      }
    });
  }

  /** @internal What the command wants to find again in the checkpoints to come. */
  remember(command: Record<string, unknown>): void {
    if (this.#checkpointing) this.#checkpointing.command = command;
  }

  /** @internal The checkpoint of it that there is. */
  get saved(): string | undefined {
    return this.#checkpointing?.saved;
  }

  /**
   * Saves a checkpoint now, if the option `checkpoint` says where and the last one is not of where it stands. What cannot be
   * written is warned of.
   */
  async saveCheckpoint(): Promise<void> {
    const progress = this.#latest;
    if (!this.#checkpointing || !progress) return;
    await this.#checkpointing.settled();
    if (!this.#checkpointing.isUpToDate) await this.#save(progress);
    await this.#checkpointing.settled();
  }

  /** The picture so far, at its stage's size. */
  async image(): Promise<Picture> {
    return this.#picture(await this.#enter());
  }

  /** Where it stands. */
  async state(): Promise<RunState> {
    const session = await this.#enter();
    const { vectors, numbers, totals } = await session.save();
    const stage = this.stages.indexOf(session.stage);
    const where = { stage: [stage], size: [session.width, session.height] };
    return { vectors, numbers: { ...numbers, ...where, ...(session.stage.plateau && { totals }) } };
  }

  /** Iterates to the end, one iteration a step. Leaving the loop leaves the run standing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void> {
    for (let progress = await this.next(); progress; progress = await this.next()) yield progress;
  }

  /** Gives everything back, after previews that are under way. The run cannot go on then: next() has nothing more. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#giveBack();
    return this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #giveBack(): Promise<void> {
    const stage = this.#stage;
    try {
      await (await stage?.catch(() => undefined))?.dispose();
      await this.#checkpointing?.settled();
    } finally {
      this.#session = undefined;
      this.#legacy = undefined;
      release(this.#deployment);
    }
  }

  /** Calls that move the run wait for each other, however those before end. */
  #inTurn<T>(move: () => Promise<T>): Promise<T> {
    const turn = this.#moves.then(move);
    this.#moves = turn.catch(() => {});
    return turn;
  }

  async #next(): Promise<Progress | undefined> {
    while (!this.#disposal) {
      try {
        const session = this.#session ?? (await this.#enter());
        if (session.isDone) {
          if (this.isDone) return undefined;
          await this.#come(this.#leave(session));
          continue;
        }
        const losses = await this.#lookOut(session, session.follow());
        const progress = this.#progress(session, losses);
        this.#latest = progress;
        if (this.#checkpointing?.isDue(progress.scaleDone)) await this.#save(progress);
        await this.#options.onProgress?.(progress);
        return progress;
      } catch (error) {
        if (this.#endedBy(error)) return undefined;
        await this.#retreat(error);
      }
    }
    return undefined;
  }

  async #finish(): Promise<Picture> {
    for (;;) {
      try {
        const session = await this.#enter();
        await this.#lookOut(session, session.finish());
        if (this.isDone && !this.#disposal) return await this.#picture(session);
        await this.#come(this.#leave(session));
      } catch (error) {
        if (this.#endedBy(error)) throw disposed();
        await this.#retreat(error);
      }
    }
  }

  async #save({ scale, scaleIndex, scaleCount, iteration, iterations }: Progress): Promise<void> {
    const standing = { scale, scaleIndex, scaleCount, iteration, iterations };
    await this.#checkpointing!.save(() => this.state(), standing, this.#deployment.engine);
  }

  /** Whether dispose() is why a call came to nothing. */
  #endedBy(error: unknown): boolean {
    return this.#disposal !== undefined && (error as { code?: string })?.code === 'CANCELLED';
  }

  /** The session of the stage at hand, begun if need be. */
  async #enter(): Promise<StageSession> {
    if (this.#disposal) throw disposed();
    return this.#stage ?? this.#come(this.#open());
  }

  /** From now on, this is the stage at hand; where it fails, the next call begins it anew. */
  #come(stage: Promise<StageSession>): Promise<StageSession> {
    this.#stage = stage;
    stage.catch(() => {
      if (this.#stage === stage) this.#stage = undefined;
    });
    return stage;
  }

  async #open(): Promise<StageSession> {
    for (;;) {
      try {
        this.#session = await this.#begin();
        return this.#session;
      } catch (error) {
        await this.#move(await this.#deployment.engine.retreat(error, this.#options));
      }
    }
  }

  async #begin(): Promise<StageSession> {
    const { engine, network } = this.#deployment;
    const how = { filter: this.#options.carryFilter, threads: this.#options.threads };
    const stage = this.stages[this.#index]!;
    const images = this.#prepared.inputs.stages[this.#index]!;
    const legacy = this.#legacy!;
    this.#options.signal?.throwIfAborted();
    const packed = await engine.guard(network.packed(this.#prepared.convolutions));
    if (this.#disposal) throw disposed();
    const start = this.#left
      ? { ...images.content, data: this.#left.vectors.result! }
      : await startOf(legacy, stage, images.content, how, engine);
    const session = await StageSession.begin(engine, packed, stage, images, start, this.#options);
    try {
      if (this.#left) {
        await session.restore(this.#left).catch(refuseState);
      } else if (legacy.state) {
        const { picture, state } = legacy;
        const fresh = await session.save();
        const to = images.content;
        const carried = await carriedMoments({ picture, state }, fresh, to, how, engine, stage.details);
        await session.restore({ ...carried, totals: [] });
      }
    } catch (error) {
      await session.dispose();
      throw error;
    }
    this.#clock ??= new Clock(
      this.stages.map(({ iterations }, i) => {
        const { width, height } = this.#prepared.inputs.stages[i]!.content;
        return { pixels: width * height, iterations };
      }),
      { stage: this.#index, iteration: session.iteration },
    );
    return session;
  }

  /** Goes on to the next stage. */
  async #leave(session: StageSession): Promise<StageSession> {
    const { width, height, stage } = session;
    try {
      const picture: Raster = { width, height, data: await session.image() };
      const state = carriesMoments(stage, this.stages[this.#index + 1]) ? await session.save() : undefined;
      this.#legacy = { picture, ...(state && { state }) };
    } finally {
      this.#session = undefined;
      await session.dispose();
    }
    this.#left = undefined;
    this.#index++;
    return this.#open();
  }

  /** Begins the stage again on the CPU if the device has failed and may be given up. @throws `reason`, if not */
  async #retreat(reason: unknown): Promise<void> {
    const engine = await this.#deployment.engine.retreat(reason, this.#options);
    const session = this.#session;
    const again = async () => {
      this.#session = undefined;
      await session?.dispose();
      await this.#move(engine);
      return this.#open();
    };
    await this.#come(again());
  }

  async #move(engine: Engine): Promise<void> {
    release(this.#deployment);
    this.#deployment = await this.#prepared.moveTo(engine);
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
    const { terms, iterations } = session.stage;
    const losses = namedLosses(terms, engineLosses);
    return {
      scale: [session.width, session.height],
      scaleIndex: this.#index + 1,
      scaleCount: this.stages.length,
      iteration: session.iteration,
      iterations,
      scaleDone: session.isDone,
      ...this.#clock!.tick(this.#index, session.iteration),
      total: engineLosses.total,
      losses,
      content: lossesOf(terms, engineLosses, 'content'),
      style: lossesOf(terms, engineLosses, 'style'),
      tv: losses.tv ?? 0,
      device: this.device,
      image: () => this.#picture(session),
    };
  }

  /** The session is kept until it is there. */
  #picture(session: StageSession): Promise<Picture> {
    const { width, height, images } = session;
    const { alpha } = images.content;
    const options = describe(this.#options, this.#deployment.engine);
    const picture = session
      .image()
      .then((data) => this.#finishing.of({ width, height, data, ...(alpha && { alpha }) }, images))
      .then((finished) => new Picture(finished, options));
    session.keepFor(picture);
    return picture;
  }
}

const disposed = () => Object.assign(new Error('the run is disposed'), { code: 'CANCELLED' });
