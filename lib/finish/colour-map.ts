// The map of colours that a finish is: lightness goes by one rising curve, a and b by one linear map, and both stay softly
// within the style's range and what sRGB can show.

import { bent, type Knee, kneeOf } from './knee.js';
import { type Lab, shownChroma } from './oklab.js';
import { chromaOf, type Palette, type Symmetric } from './palette.js';
import { MOST, transport } from './transport.js';

/**
 * How the picture is finished. `none`: its colours are its own; `palette`: the style's; `content-colours`: a and b are the
 * content's, turned into the style's, with edges where the picture's lightness has them.
 */
export type Finish = 'none' | 'palette' | 'content-colours';

export interface Finishing {
  finish: Finish;
  /** How far contrast and chroma go to the style's: 0 not at all, 1 there, 1.2 to 1.2 times as much. */
  vividness: number;
  style: Palette;
}

/** From a colour to its finished one. */
export interface ColourMap {
  from: Lab;
  to: Lab;
  gain: number;
  colours: Symmetric;
  /** For offsets from `to`, of lightness, a and b, down and up; a and b without limits have none. */
  knees: [Knee, Knee][];
}

/** Shares of the colours that may lie beyond what the knees bring to their limits. */
const TAIL = 0.001;

/** Rounds in which the map makes up for what its limits take. */
const ROUNDS = 4;

/**
 * @param own the colours to be mapped: lightness of the picture, a and b of whatever they are taken from
 * @param sample some of these colours
 */
export function colourMap(
  own: Palette,
  { finish, vividness, style }: Finishing,
  sample: readonly Lab[],
): ColourMap {
  const beyond = Math.max(vividness, 1);
  const amount = (mine: number, its: number) => {
    const wanted = vividness < 1 ? mine + vividness * (its - mine) : vividness * its;
    return mine > 0 ? Math.min(wanted / mine, MOST) : 1;
  };
  const gain = amount(Math.sqrt(own.contrast), Math.sqrt(style.contrast));
  if (finish === 'none') {
    const chroma = amount(chromaOf(own), chromaOf(style));
    const map: ColourMap = {
      from: own.mean,
      to: [own.mean[0], chroma * own.mean[1], chroma * own.mean[2]],
      gain,
      colours: [chroma, 0, chroma],
      knees: [],
    };
    const low = Math.min(own.low[0], style.low[0]);
    return fitted(map, [[low, Math.max(own.high[0], style.high[0])]], beyond, sample);
  }
  const [p, q, r] = transport(own.colour, style.colour);
  const map: ColourMap = {
    from: own.mean,
    to: [style.mean[0], beyond * style.mean[1], beyond * style.mean[2]],
    gain,
    colours: [beyond * p, beyond * q, beyond * r],
    knees: [],
  };
  const limits = style.low.map((low, k) => [low, style.high[k]!] as [number, number]);
  return fitted(map, limits, beyond, sample);
}

/** Gives the map its knees, and makes it so much steeper that mean and spread come out as without them. */
function fitted(
  wanted: ColourMap,
  limits: readonly [number, number][],
  beyond: number,
  sample: readonly Lab[],
): ColourMap {
  const goal = momentsOf(sample, wanted);
  let map = wanted;
  for (let round = 0; round < ROUNDS; round++) {
    const bounded = { ...map, knees: kneesOf(map, limits, beyond, sample) };
    if (round === ROUNDS - 1) return bounded;
    const { mean, contrast, chroma } = momentsOf(sample, bounded);
    const steeper = contrast > 0 ? Math.min(goal.contrast / contrast, MOST) : 1;
    const fuller = chroma > 0 ? Math.min(goal.chroma / chroma, MOST) : 1;
    const [p, q, r] = map.colours;
    map = {
      ...map,
      to: [map.to[0] + goal.mean - mean, fuller * map.to[1], fuller * map.to[2]],
      gain: steeper * map.gain,
      colours: [fuller * p, fuller * q, fuller * r],
    };
  }
  return map;
}

function kneesOf(
  map: ColourMap,
  limits: readonly [number, number][],
  beyond: number,
  sample: readonly Lab[],
): [Knee, Knee][] {
  const mapped = sample.map((lab) => linear(map, lab));
  return limits.map(([low, high], k) => {
    const to = map.to[k]!;
    const values = Float64Array.from(mapped, (lab) => lab[k]! - to).sort();
    const tail = Math.floor(TAIL * values.length);
    const middle = Math.min(Math.max(to, low), high);
    const limit = (end: number) => {
      const further = middle + beyond * (end - middle);
      return (k === 0 ? Math.min(Math.max(further, 0), 1) : further) - to;
    };
    return [
      kneeOf(-1, middle - to, limit(low), values[tail]!),
      kneeOf(1, middle - to, limit(high), values[values.length - 1 - tail]!),
    ];
  });
}

function linear({ from, to, gain, colours: [p, q, r] }: ColourMap, lab: Lab): Lab {
  const a = lab[1] - from[1];
  const b = lab[2] - from[2];
  return [to[0] + gain * (lab[0] - from[0]), to[1] + p * a + q * b, to[2] + q * a + r * b];
}

/** In place. What is outside the limits of a or b moves straight towards the middle of the colours. */
export function mapColour(map: ColourMap, lab: Lab): void {
  const { from, to, gain, colours, knees } = map;
  let lightness = gain * (lab[0] - from[0]);
  if (knees[0]) lightness = within(lightness, knees[0]);
  const [x, y] = [lab[1] - from[1], lab[2] - from[2]];
  let a = colours[0] * x + colours[1] * y;
  let b = colours[1] * x + colours[2] * y;
  if (knees[1] && knees[2]) {
    const kept = Math.min(share(a, knees[1]), share(b, knees[2]));
    a *= kept;
    b *= kept;
  }
  lab[0] = Math.min(Math.max(to[0] + lightness, 0), 1);
  lab[1] = to[1] + a;
  lab[2] = to[2] + b;
}

/** The part of an offset that its knees leave. */
function share(offset: number, knees: [Knee, Knee]): number {
  return offset === 0 ? 1 : Math.max(within(offset, knees) / offset, 0);
}

function within(offset: number, [down, up]: [Knee, Knee]): number {
  return bent(bent(offset, down), up);
}

/** Mean and deviation of lightness, root mean square of chroma, as sRGB shows them. */
function momentsOf(sample: readonly Lab[], map: ColourMap) {
  const bounded = map.knees.length > 0;
  let [sum, squares, chroma] = [0, 0, 0];
  for (const from of sample) {
    const lab: Lab = bounded ? [...from] : linear(map, from);
    if (bounded) mapColour(map, lab);
    const shown = bounded ? shownChroma(lab[0], lab[1], lab[2]) : 1;
    const lightness = lab[0] - map.to[0];
    sum += lightness;
    squares += lightness * lightness;
    chroma += shown * shown * (lab[1] * lab[1] + lab[2] * lab[2]);
  }
  const n = sample.length;
  const mean = sum / n;
  return {
    mean: map.to[0] + mean,
    contrast: Math.sqrt(Math.max(squares / n - mean * mean, 0)),
    chroma: Math.sqrt(chroma / n),
  };
}
