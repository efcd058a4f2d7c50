// The losses of every iteration as lines of JSON, in a file that grows as the run goes on, so that it can be watched and nothing
// is lost with the run; or on stdout.

import { closeSync, openSync, writeSync } from 'node:fs';
import { OptionError } from '../errors.js';
import { checkWritable, outputError } from '../files/atomic.js';
import type { Progress } from '../run/progress.js';
import type { ProgressKind, Reporter } from './reporter.js';

const STDOUT = '-';

export class Trace {
  readonly #path: string;
  readonly #note: (text: string) => void;
  #file: number | undefined;
  /** Iterations over all scales, of the run at hand. */
  #count = 0;
  #run: string | undefined;

  /** @param note says that the trace has ended early, if the file cannot be written to any more */
  private constructor(path: string, note: (text: string) => void) {
    this.#path = path;
    this.#note = note;
  }

  /**
   * @param progress what else may go to stdout
   * @throws OptionError for two that do
   */
  static to(path: string | undefined, progress: ProgressKind, { note }: Reporter): Trace | undefined {
    if (path === STDOUT && progress === 'json') {
      throw new OptionError(
        'trace',
        path,
        'trace - and progress json both go to stdout: give a file for one',
      );
    }
    return path === undefined ? undefined : new Trace(path, note);
  }

  /** Checks that it can be written. @throws OutputError */
  async check(): Promise<void> {
    if (this.#path !== STDOUT) await checkWritable(this.#path);
  }

  /** Begins the file anew. @throws OutputError */
  open(): void {
    try {
      this.#file = this.#path === STDOUT ? 1 : openSync(this.#path, 'w');
    } catch (error) {
      throw outputError(this.#path, error);
    }
  }

  /** @param run its name, where there are several */
  step(progress: Progress, run?: string): void {
    if (this.#file === undefined) return;
    this.#count = run === this.#run ? this.#count + 1 : 1;
    this.#run = run;
    const { scale, scaleIndex, scaleCount, iteration, total, losses, elapsed } = progress;
    const line = {
      ...(run !== undefined && { run }),
      count: this.#count,
      scale,
      scaleIndex,
      scaleCount,
      iteration,
      seconds: Number(elapsed.toFixed(3)),
      total,
      losses,
    };
    const text = `${JSON.stringify(line)}\n`;
    if (this.#path === STDOUT) process.stdout.write(text);
    else this.#append(text);
  }

  #append(text: string): void {
    try {
      writeSync(this.#file!, text);
    } catch (error) {
      this.#note(`scumble: the trace ends here: ${outputError(this.#path, error).message}`);
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined && this.#path !== STDOUT) closeSync(this.#file);
    this.#file = undefined;
  }
}
