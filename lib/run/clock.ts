// Time so far and to come; an iteration's cost is taken to be proportional to its pixels.

export class Clock {
  readonly #started = performance.now();
  readonly #pixels: number[];
  readonly #iterations: number[];
  /** Pixels of the iterations that were done before this clock began. */
  readonly #before: number;

  /**
   * @param stages the pixels and iterations of each
   * @param at the stage and its iterations done, where the run begins
   */
  constructor(stages: { pixels: number; iterations: number }[], at: { stage: number; iteration: number }) {
    this.#pixels = stages.map(({ pixels }) => pixels);
    this.#iterations = stages.map(({ iterations }) => iterations);
    this.#before = this.#done(at.stage, at.iteration);
  }

  /** Seconds, after so many iterations of a stage. */
  tick(stage: number, iteration: number): { elapsed: number; remaining: number } {
    const elapsed = (performance.now() - this.#started) / 1000;
    const done = this.#done(stage, iteration) - this.#before;
    const all = this.#done(this.#pixels.length, 0) - this.#before;
    return { elapsed, remaining: (elapsed * (all - done)) / done };
  }

  #done(stage: number, iteration: number): number {
    const whole = this.#pixels
      .slice(0, stage)
      .reduce((sum, pixels, i) => sum + pixels * this.#iterations[i]!, 0);
    return stage < this.#pixels.length ? whole + this.#pixels[stage]! * iteration : whole;
  }
}
