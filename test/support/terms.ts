// Terms of the objective as the engine is told them, in sessions whose image 0 is the content and image 1 the style.

import type { EngineTerm } from '../../dist/engine/addon.js';

export const contentTerm = (layer: string, weight = 1): EngineTerm => ({
  name: `content:${layer}`,
  kind: 'content',
  weight,
  layers: [layer],
  targets: [{ image: 0, blend: 1 }],
});

export const styleTerm = (layer: string, weight = 1): EngineTerm => ({
  name: `style:${layer}`,
  kind: 'gram',
  weight,
  layers: [layer],
  targets: [{ image: 1, blend: 1 }],
});

export const tvTerm = (weight: number): EngineTerm => ({ name: 'tv', kind: 'tv', weight });
