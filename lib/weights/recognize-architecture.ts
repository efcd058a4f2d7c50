// Which VGG convolutions are of, by their places: how many there are between two pools.

import type { Tensor } from './formats/tensors.js';
import type { FoundConvolution, NamingStyle } from './found.js';
import { ARCHITECTURES, type Architecture } from './network.js';
import { list, refuse } from './refuse.js';

/** Places from one convolution of a block to the next in a sequence: with a ReLU, and with a layer that pads. */
const SPACING = 2;
export const PADDED_SPACING = 3;

export interface Match {
  architectures: Architecture[];
  /** Convolutions that are of these. */
  count: number;
  spacing: number;
}

/** The architectures whose first convolutions these are, or that these begin with. */
export function architecturesOf(
  style: NamingStyle,
  places: number[],
  convolutions: FoundConvolution[],
  path: string,
): Match {
  const isNamed = style === 'layers' || style === 'keras';
  const first = isNamed ? 0 : places[0]!; // they count from 0, from 1, or behind other layers
  for (const spacing of style === 'sequence' ? [SPACING, PADDED_SPACING] : [1]) {
    const agreeing = (Object.keys(ARCHITECTURES) as Architecture[])
      .map((name) => ({ name, expected: placesIn(name, style, spacing) }))
      .filter(({ expected }) =>
        places.every((place, i) => i >= expected.length || place - first === expected[i]),
      );
    const fitting = agreeing
      .filter(({ expected }) => places.length <= expected.length)
      .map(({ name }) => name);
    const [begun, another] = agreeing.filter(({ name, expected }) => {
      const count = expected.length;
      if (places.length <= count || isNamed) return false;
      if (style === 'sequence') return places[count]! - first > expected.at(-1)! + spacing; // a pool between
      const [last, next] = convolutions.slice(count - 1) as [FoundConvolution, FoundConvolution];
      const goesOn = outputsOf(last.bias) === outputsOf(next.bias);
      return !goesOn && hasEvenBlocks(name, convolutions.slice(0, count));
    });
    const isEven = fitting.some((name) => hasEvenBlocks(name, convolutions));
    if (begun && !another && !isEven) {
      return { architectures: [begun.name], count: begun.expected.length, spacing };
    }
    if (fitting.length > 0) {
      return { architectures: likely(fitting, style, convolutions), count: places.length, spacing };
    }
  }
  return refuse(path, `is not a VGG: none has ${places.length} convolutions at ${list(places)}`);
}

/** Of those that fit, those that blocks of even width or the number of convolutions speak for. */
function likely(
  fitting: Architecture[],
  style: NamingStyle,
  convolutions: FoundConvolution[],
): Architecture[] {
  const even = fitting.filter((name) => hasEvenBlocks(name, convolutions));
  const counts = style === 'counted' || style === 'order';
  const left = counts && even.length > 0 ? even : fitting; // else widths are unusual, and tell nothing
  const whole = left.filter((name) => placesIn(name, style, 1).length === convolutions.length);
  return whole.length === 1 ? whole : left;
}

/** Whether the convolutions of each block have as many outputs as one another. */
function hasEvenBlocks(architecture: Architecture, convolutions: FoundConvolution[]): boolean {
  const blocks = ARCHITECTURES[architecture].flatMap((count, block) =>
    Array.from({ length: count }, () => block),
  );
  return convolutions.every(
    ({ bias }, i) =>
      i === 0 || blocks[i] !== blocks[i - 1] || outputsOf(bias) === outputsOf(convolutions[i - 1]!.bias),
  );
}

function placesIn(architecture: Architecture, style: NamingStyle, spacing: number): number[] {
  const blocks = ARCHITECTURES[architecture];
  const places: number[] = [];
  let layer = 0;
  for (const [block, count] of blocks.entries()) {
    for (let i = 1; i <= count; i++) {
      places.push(style === 'layers' || style === 'keras' ? 10 * (block + 1) + i : layer);
      layer += spacing;
    }
    if (style === 'sequence') layer++;
  }
  return places;
}

/** As many as a vector of biases has. */
export function outputsOf({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}
