// One stage of a run in the engine: a session at one size, followed iteration by iteration or left alone to its end.

import { addon, type EngineLosses, type EngineNetwork, type EngineSession } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import type { Raster } from '../image/types.js';
import { sessionOf } from '../objective/objective.js';
import type { ResolvedOptions } from '../options/options.js';
import type { StageImages } from './inputs.js';
import { hasSettled } from './plateau.js';
import type { Stage } from './schedule.js';
import type { StageState } from './state.js';
import { watch } from './watch.js';

interface Arrival {
  iteration: number;
  losses: EngineLosses;
}

export class StageSession {
  readonly stage: Stage;
  readonly images: StageImages;
  readonly width: number;
  readonly height: number;
  readonly #engine: Engine;
  readonly #session: EngineSession;
  readonly #signal: AbortSignal | undefined;
  readonly #previews = new Set<Promise<unknown>>();
  /** The step that is being followed: to the end of the stage, or to where it may turn out to be there. */
  #following: Promise<EngineLosses> | undefined;
  /** The iteration where that ends. */
  #end = 0;
  #arrive: (arrival: Arrival) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #failure: { error: unknown } | undefined;
  #iteration = 0;
  /** The loss at each iteration, if the stage may stop early. */
  #totals: number[] = [];

  private constructor(
    stage: Stage,
    images: StageImages,
    engine: Engine,
    session: EngineSession,
    signal: AbortSignal | undefined,
  ) {
    this.stage = stage;
    this.images = images;
    this.width = images.content.width;
    this.height = images.content.height;
    this.#engine = engine;
    this.#session = session;
    this.#signal = signal;
  }

  /** @param start a picture of the stage's size */
  static async begin(
    engine: Engine,
    network: EngineNetwork,
    stage: Stage,
    images: StageImages,
    start: Raster,
    options: ResolvedOptions,
  ): Promise<StageSession> {
    const { signal } = options;
    signal?.throwIfAborted();
    const creation = addon().Session.create([network], {
      ...sessionOf(
        options,
        stage.terms,
        images,
        ({ alpha, width, height }) => alpha && { data: alpha, width, height },
      ),
      optimizer: stage.optimizer,
      averaging: stage.averaging,
      details: stage.details,
      clamp: stage.clamp,
      start,
    });
    const session = await watch(signal, creation.cancel, engine.guard(creation.session));
    return new StageSession(stage, images, engine, session, signal);
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  get isDone(): boolean {
    const { iterations, plateau } = this.stage;
    return this.#iteration >= iterations || (plateau !== undefined && hasSettled(plateau, this.#totals));
  }

  /** Iterations until the stage is done, or may be. */
  get #leg(): number {
    const { iterations, plateau } = this.stage;
    const left = iterations - this.#iteration;
    return plateau ? Math.min(left, plateau.window - (this.#iteration % plateau.window)) : left;
  }

  #note({ iteration, losses }: Arrival): void {
    this.#iteration = iteration;
    if (this.stage.plateau) this.#totals.push(losses.total);
  }

  /** One iteration; the session then stands there until the next call, while its next evaluation is under way. */
  async follow(): Promise<EngineLosses> {
    this.#signal?.throwIfAborted();
    const arrival = new Promise<Arrival>((resolve, reject) => {
      this.#arrive = resolve;
      this.#fail = reject;
      if (this.#failure) reject(this.#failure.error);
    });
    if (this.#following) {
      this.#session.proceed();
    } else {
      this.#end = this.#iteration + this.#leg;
      this.#following = this.#session.step(this.#leg, (iteration, losses) =>
        this.#arrive({ iteration, losses }),
      );
      // Once for all iterations: whoever waits for one sees it there.
      this.#following.catch((error) => {
        this.#failure = { error };
        this.#fail(error);
      });
    }
    const arrived = await this.#guard(arrival);
    this.#note(arrived);
    if (arrived.iteration === this.#end) this.#following = undefined;
    return arrived.losses;
  }

  /** All iterations that are left, without a look at them. */
  async finish(): Promise<void> {
    this.#signal?.throwIfAborted();
    const pass = (arrival: Arrival) => {
      this.#note(arrival);
      this.#session.proceed(); // it stands after every iteration
    };
    while (!this.isDone) {
      let rest = this.#following;
      const end = rest ? this.#end : this.#iteration + this.#leg;
      if (rest) {
        this.#arrive = pass;
        this.#session.proceed();
      } else if (this.stage.plateau) {
        rest = this.#session.step(this.#leg, (iteration, losses) => pass({ iteration, losses }));
      } else {
        rest = this.#session.step(this.#leg);
      }
      await this.#guard(rest);
      this.#following = undefined;
      this.#iteration = end;
    }
  }

  /** The result so far. */
  async image(): Promise<Float32Array> {
    return this.#engine.guard(this.#session.image());
  }

  /** Keeps the session until a preview is done, however long that takes. */
  keepFor(preview: Promise<unknown>): void {
    const settled: Promise<unknown> = preview.catch(() => {}).then(() => this.#previews.delete(settled));
    this.#previews.add(settled);
  }

  async save(): Promise<StageState> {
    const state = await this.#engine.guard(this.#session.save());
    // The session may have gone on since.
    return { ...state, totals: this.#totals.slice(0, state.numbers.iteration![0]) };
  }

  async restore({ totals, ...state }: StageState): Promise<void> {
    await this.#engine.guard(this.#session.restore(state));
    this.#iteration = state.numbers.iteration![0]!;
    this.#totals = [...totals];
  }

  /** Resolves when the memory is given back. */
  async dispose(): Promise<void> {
    await Promise.all(this.#previews);
    await this.#session.dispose();
  }

  #guard<T>(work: Promise<T>): Promise<T> {
    return watch(this.#signal, () => this.#session.cancel(), this.#engine.guard(work));
  }
}
