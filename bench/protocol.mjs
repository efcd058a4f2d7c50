// How the command talks to the engines. Each engine at each size is a process of its own, so that its peak memory is
// its own, and answers one JSON line on stdout for each JSON line on stdin; between lines it sleeps in a read, so the
// others have the machine to themselves.
//
//     { do: 'prepare', folder, size, threads }   → { version, threads, notes }
//     { do: 'iterate' }                          → { seconds, peakBytes, losses: { 'style relu1_1': …, total } }
//     { do: 'gradient', file }                   → {}   of the last iteration; float32 H×W×RGB; not for `forward` engines
//
// or { error, absent } where `absent` is true if the engine cannot run on this machine at all.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** Thrown by an engine that is not installed here. */
export class Absent extends Error {}

/**
 * The engine's side.
 * @param {{
 *   prepare(task: { folder: string, size: number, threads: number }): Promise<{
 *     version: string, threads: number, notes?: string }>,
 *   iterate(): Promise<Record<string, number> | { losses: Record<string, number>, seconds: number }>,
 *   gradient?(): Promise<Float32Array>,
 * }} engine `iterate` gives the losses; the time is taken around it
 */
export async function serve(engine) {
  console.log = console.error; // stdout is for answers
  const handlers = {
    prepare: (task) => engine.prepare(task),
    async iterate() {
      const started = performance.now();
      const losses = await engine.iterate();
      return { seconds: (performance.now() - started) / 1000, losses, peakBytes: peakBytes() };
    },
    async gradient({ file }) {
      await writeFile(file, await engine.gradient());
    },
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    let answer;
    try {
      answer = (await handlers[message.do](message)) ?? {};
    } catch (error) {
      answer = { error: error.message, absent: error instanceof Absent };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** Linux's rusage also remembers the parent before exec, so the kernel's count for this program alone comes first. */
function peakBytes() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** The command's side: one engine's process. */
export class Child {
  #process;
  #answers;
  #errors = '';

  /** @param {string[]} command */
  constructor([program, ...args]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.on('error', () => {}); // the answers end, which is where it is noticed
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Its answer, or undefined if it took longer than `limit` seconds and was stopped. */
  async ask(message, limit = Number.POSITIVE_INFINITY) {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
    const timer = Number.isFinite(limit) ? setTimeout(() => this.stop(), limit * 1000) : undefined;
    const { done, value } = await this.#answers.next();
    clearTimeout(timer);
    if (!done) {
      const answer = JSON.parse(value);
      if (answer.error === undefined) return answer;
      throw answer.absent ? new Absent(answer.error) : new Error(answer.error);
    }
    if (this.#process.killed) return undefined;
    throw new Error(`it ended without an answer\n${this.#errors}`);
  }

  stop() {
    this.#process.kill('SIGKILL');
  }
}
