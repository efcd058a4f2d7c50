// The worker's entry: does one job, answers once. Codecs are imported by the job that needs them.

import { parentPort, workerData } from 'node:worker_threads';
import { type Job, JobError, type Jobs, type Reply } from './job.js';

async function perform(job: Job): Promise<Jobs[keyof Jobs]['output']> {
  if (job.kind === 'encode') return (await import('./encode.js')).encode(job.input);
  const { decode, describe, probe } = await import('./decode.js');
  if (job.kind === 'probe') return probe(job.input);
  return job.kind === 'decode' ? decode(job.input) : describe(job.input);
}

/** The memory in a result that can change threads without being copied. */
function buffersOf(result: Jobs[keyof Jobs]['output']): ArrayBuffer[] {
  if (result instanceof Uint8Array) return [result.buffer as ArrayBuffer];
  if (typeof result !== 'object' || !('data' in result)) return [];
  return [result.data, ...(result.alpha ? [result.alpha] : [])].map((view) => view.buffer as ArrayBuffer);
}

function send(reply: Reply, moved: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, moved);
}

try {
  const result = await perform(workerData as Job);
  send({ result }, buffersOf(result));
} catch (error) {
  if (error instanceof JobError) send({ code: error.code, reason: error.message });
  else send({ code: 'ERR_IMAGE', reason: `cannot be processed: ${(error as Error).message}` });
}
