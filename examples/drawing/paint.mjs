// Palettes, and strokes laid over a canvas in random order: what the paintings have in common.
import { hex } from './picture.mjs';
import { clamp, mix } from './random.mjs';

export const palette = (...colors) => colors.map(hex);

/** A colour from a list of colours, at t from 0 to 1. */
export function blend(colors, t) {
  const at = clamp(t) * (colors.length - 1) || 0;
  const i = Math.min(Math.floor(at), colors.length - 2);
  return [0, 1, 2].map((k) => mix(colors[i][k], colors[i + 1][k], at - i));
}

/** Puts a list in random order. */
export function shuffle(random, items) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/** The places of a loosened grid over width x height and a little beyond, in random order. */
export function places(random, width, height, spacing) {
  const found = [];
  for (let y = -6; y < height + 6; y += spacing) {
    for (let x = -6; x < width + 6; x += spacing) {
      found.push([
        x + random.between(-0.5, 0.5) * spacing * 1.3,
        y + random.between(-0.5, 0.5) * spacing * 1.3,
      ]);
    }
  }
  return shuffle(random, found);
}

/** Lays one stroke of a brush on the canvas, its size a little different each time. */
export function lay(canvas, random, x, y, flow, color, second, { length, width, load, dry }) {
  canvas.stroke(x, y, flow, {
    length: length * random.between(0.7, 1.25),
    width: width * random.between(0.75, 1.2),
    load: load * random.between(0.8, 1.2),
    colors: [color, second],
    dry,
    seed: random() * 500,
  });
}
