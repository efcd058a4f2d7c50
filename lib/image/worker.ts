// The worker's entry: does the jobs it is sent, one at a time. Codecs are imported by the first job that needs them.

import { parentPort } from 'node:worker_threads';
import { collect } from './collect.js';
import { type Job, JobError, type Jobs, type Reply } from './job.js';

async function perform(job: Job): Promise<Jobs[keyof Jobs]['output']> {
  if (job.kind === 'encode') return (await import('./encode.js')).encode(job.input);
  if (job.kind === 'decode') return (await import('./decode.js')).decode(job.input);
  if (job.kind === 'finish') return (await import('../finish/finish.js')).finishPicture(job.input);
  if (job.kind === 'palette') return (await import('../finish/finish.js')).paletteOfImage(job.input);
  const { describe, probe } = await import('./look.js');
  return job.kind === 'probe' ? probe(job.input) : describe(job.input);
}

/** The memory in a result that can change threads without being copied. */
function buffersOf(result: Jobs[keyof Jobs]['output']): ArrayBuffer[] {
  if (result instanceof Uint8Array) return [result.buffer as ArrayBuffer];
  if (typeof result !== 'object') return [];
  const rasters = 'images' in result ? result.images : 'data' in result ? [result] : [];
  const views = rasters.flatMap(({ data, alpha }) => (alpha ? [data, alpha] : [data]));
  return views.map((view) => view.buffer as ArrayBuffer);
}

async function answer(job: Job): Promise<void> {
  const send = (reply: Reply, moved: ArrayBuffer[] = []) => parentPort?.postMessage(reply, moved);
  try {
    const result = await perform(job);
    send({ result }, buffersOf(result));
  } catch (error) {
    if (error instanceof JobError) send({ code: error.code, reason: error.message });
    else send({ code: 'ERR_IMAGE', reason: `cannot be processed: ${(error as Error).message}` });
  }
}

parentPort?.on('message', async (job: Job) => {
  await answer(job);
  setImmediate(collect); // when nothing here refers to the job any more
});
