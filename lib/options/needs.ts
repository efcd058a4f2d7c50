// Whether a network is one that a preset can use.

import { OptionError } from '../errors.js';
import type { Architecture } from '../weights/network.js';
import { presetOf } from './presets.js';

interface Shape {
  name: Architecture;
  convolutions: { name: string; outputs: number }[];
  /** What white is in its input, by its own account. */
  range: number;
}

/** @throws OptionError for a network that the preset's values are not for, with what it needs */
export function checkNetwork(
  { preset: name, weights }: { preset?: string | undefined; weights: string },
  { name: architecture, convolutions, range }: Shape,
): void {
  const needs = name === undefined ? undefined : presetOf(name).needs;
  if (!needs) return;
  const widths = new Map(convolutions.map(({ name, outputs }) => [name.split('_')[0], outputs]));
  const found = [...widths.values()];
  const wanted = needs.widths.slice(0, found.length);
  const problems = [];
  if (architecture !== needs.architecture) problems.push(`is a ${architecture}`);
  if (found.some((width, i) => width !== wanted[i])) problems.push(`has ${found.join(', ')} channels`);
  if (needs.range !== undefined && range !== needs.range) problems.push(`is fed 0..${range}`);
  if (problems.length === 0) return;
  const fed = needs.range === undefined ? '' : `, fed 0..${needs.range}`;
  throw new OptionError(
    'weights',
    weights,
    `weights: the preset ${name} needs a ${needs.architecture} of ${needs.widths.join(', ')} channels${fed}, such as ${needs.such}; this one ${problems.join(' and ')}`,
  );
}
