// What the tests of the engine's own interface share: a tiny network on the CPU, and sessions of milliseconds.

import {
  type Addon,
  addon,
  cpuBackend,
  type EngineSession,
  type SessionOptions,
} from '../../dist/engine/addon.js';
import { descriptionOf } from '../../dist/engine/layers.js';
import { readNetwork } from '../../dist/weights/network.js';
import { small, wave } from './runs.js';
import { contentTerm, styleTerm } from './terms.js';

export const cpu = await cpuBackend();

/** Of conv1_1 to conv2_2. */
export const description = descriptionOf(await readNetwork(small), 4);
export const network = await addon().Network.load(cpu, description);

export const settings: SessionOptions = {
  pooling: 'max',
  rounding: 'floor',
  terms: [contentTerm('relu2_2'), styleTerm('relu1_1')],
  optimizer: {
    kind: 'lbfgs',
    learningRate: 1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    history: 5,
    firstStep: 0,
  },
  averaging: 0,
  threads: 2,
};

export type Given = Parameters<Addon['Session']['create']>[1];

export const content = wave(24, 16);
export const start = wave(24, 16, 3);
export const style = wave(20, 20, 2);
export const given: Given = { ...settings, start, images: [content, style], masks: [] };

/** Steps that take a while. */
export const large: Given = { ...given, start: wave(300, 300), images: [wave(300, 300), style] };

export function create(changes: Partial<Given> = {}): Promise<EngineSession> {
  return addon().Session.create([network], { ...given, ...changes }).session;
}

/** A session of its own that has done so many iterations, none of them watched. */
export async function after(iterations: number, changes: Partial<Given> = {}): Promise<EngineSession> {
  const session = await create(changes);
  if (iterations > 0) await session.step(iterations);
  return session;
}
