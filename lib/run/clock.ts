// Time so far and to come; an iteration's cost is taken to be proportional to its pixels.

export class Clock {
  readonly #started = performance.now();
  /** Pixels of an iteration of each stage, and of all iterations before that stage; one more for those of all. */
  readonly #pixels: number[];
  readonly #until: number[] = [0];
  /** Pixels of the iterations that were done before this clock began. */
  readonly #before: number;

  /**
   * @param stages the pixels and iterations of each
   * @param at the stage and its iterations done, where the run begins
   */
  constructor(stages: { pixels: number; iterations: number }[], at: { stage: number; iteration: number }) {
    this.#pixels = stages.map(({ pixels }) => pixels);
    for (const { pixels, iterations } of stages) this.#until.push(this.#until.at(-1)! + pixels * iterations);
    this.#before = this.#done(at.stage, at.iteration);
  }

  /** Seconds, after so many iterations of a stage. */
  tick(stage: number, iteration: number): { elapsed: number; remaining: number } {
    const elapsed = (performance.now() - this.#started) / 1000;
    const done = this.#done(stage, iteration);
    return { elapsed, remaining: (elapsed * (this.#until.at(-1)! - done)) / (done - this.#before) };
  }

  #done(stage: number, iteration: number): number {
    return this.#until[stage]! + this.#pixels[stage]! * iteration;
  }
}
