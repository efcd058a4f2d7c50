// The other side of arithmetic.ts: a thread that has one judge.

import { parentPort } from 'node:worker_threads';
import type { Reply, Request } from './arithmetic.js';
import { Judge } from './judge.js';

let judge: Judge | undefined;

parentPort!.on('message', (request: Request) => {
  let score: Reply['score'];
  if ('references' in request) judge = new Judge(request.references);
  else score = judge!.score(request.picture);
  parentPort!.postMessage({ score } satisfies Reply);
});
