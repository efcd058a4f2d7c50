// The arithmetic of scores takes seconds, so it has a thread of its own, and the event loop stays free.

import { Worker } from 'node:worker_threads';
import type { References, Seen } from './judge.js';
import type { Score } from './types.js';

export type Request = { references: References } | { picture: Seen };

export interface Reply {
  /** Of a picture. */
  score: Score | undefined;
}

/** A judge in a thread: first prepare(), then a score() for each picture, one after the other. */
export class JudgeThread {
  readonly #worker = new Worker(new URL('./worker.js', import.meta.url), { execArgv: [] });
  #failed: Error | undefined;

  constructor() {
    this.#worker.on('error', (error) => {
      this.#failed = error;
    });
  }

  async prepare(references: References): Promise<void> {
    await this.#ask({ references });
  }

  async score(picture: Seen): Promise<Score> {
    const { score } = await this.#ask({ picture });
    return score!;
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const settle = () => {
        worker.off('message', done).off('exit', ended);
      };
      const done = (reply: Reply) => {
        settle();
        resolve(reply);
      };
      const ended = () => {
        settle();
        reject(this.#failed ?? new DOMException('the judge was ended', 'AbortError'));
      };
      worker.on('message', done).on('exit', ended);
      worker.postMessage(request);
    });
  }
}
