// Time so far and to come; an iteration's cost is taken to be proportional to its pixels. A stage that ends early leaves
// nothing to come, and counts for what it did.

export class Clock {
  readonly #started = performance.now();
  readonly #stages: readonly { pixels: number; iterations: number }[];
  #at: { stage: number; iteration: number };
  /** Pixels of all iterations since this clock began. */
  #done = 0;

  /**
   * @param stages the pixels and iterations of each
   * @param at the stage and its iterations done, where the run begins
   */
  constructor(stages: { pixels: number; iterations: number }[], at: { stage: number; iteration: number }) {
    this.#stages = stages;
    this.#at = at;
  }

  /** Seconds, after so many iterations of a stage; those to come if no stage ends early. */
  tick(stage: number, iteration: number): { elapsed: number; remaining: number } {
    const elapsed = (performance.now() - this.#started) / 1000;
    const before = this.#at.stage === stage ? this.#at.iteration : 0;
    this.#done += (iteration - before) * this.#stages[stage]!.pixels;
    this.#at = { stage, iteration };
    const left = this.#stages
      .slice(stage)
      .reduce(
        (sum, { pixels, iterations }, i) => sum + pixels * (i === 0 ? iterations - iteration : iterations),
        0,
      );
    return { elapsed, remaining: (elapsed * left) / this.#done };
  }
}
