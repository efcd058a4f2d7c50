// Where a run is, and what a request to stop means there.

import type { Picture } from '../image/picture.js';
import type { Progress } from '../run/progress.js';
import { watchSignals } from './interruption.js';
import type { Reporter } from './reporter.js';

export class InterruptibleRun {
  /** Iterations so far, over all scales. */
  count = 0;
  /** Set when the run was asked to stop: what to exit with. */
  exitCode: number | undefined;
  readonly #abort = new AbortController();
  readonly #reporter: Reporter;
  #latest: Progress | undefined;
  #kept: Picture | undefined;

  /** From here on, the process's signals are this run's. */
  constructor(reporter: Reporter) {
    this.#reporter = reporter;
    watchSignals((exitCode) => this.#stop(exitCode));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  step(progress: Progress): void {
    this.count++;
    this.#latest = progress;
    this.#kept = undefined;
    this.#reporter.step(progress);
  }

  /** Where the latest iteration was computed. */
  get device(): string {
    return this.#latest?.device ?? '';
  }

  /** Whether this was a scale's last iteration, and not the run's. */
  get isBetweenScales(): boolean {
    const latest = this.#latest;
    return latest?.scaleDone === true && latest.scaleIndex !== latest.scaleCount;
  }

  /** Keeps the picture of a finished scale, to be saved if the next one is not to begin. */
  keep(picture: Picture): void {
    this.#kept = picture;
  }

  /** The picture kept, if that is where the run was stopped. */
  stoppedBetweenScales(): Picture | undefined {
    return this.signal.aborted ? this.#kept : undefined;
  }

  #stop(exitCode: number): void {
    this.exitCode = exitCode;
    if (!this.#latest) {
      this.#reporter.close();
      this.#reporter.note('stopped before the first iteration: nothing is saved');
      process.exit(exitCode);
    }
    const when = this.#kept ? 'now' : 'after this iteration';
    this.#reporter.note(`stopping: the picture is saved ${when} (once more to quit at once)`);
    if (this.#kept) this.#abort.abort();
  }
}
