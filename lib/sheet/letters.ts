// Text as outlines of a font that comes along, so that a label looks alike on every machine, also on one without fonts.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import opentype, { type Font } from 'opentype.js';

const require = createRequire(import.meta.url);
const WEIGHTS = { normal: 400, bold: 700 };

export type Weight = keyof typeof WEIGHTS;

const fonts = new Map<Weight, Font>();

function fontOf(weight: Weight): Font {
  let font = fonts.get(weight);
  if (!font) {
    const name = `@fontsource/dejavu-sans/files/dejavu-sans-latin-${WEIGHTS[weight]}-normal.woff`;
    const bytes = new Uint8Array(readFileSync(require.resolve(name)));
    font = opentype.parse(bytes.buffer);
    fonts.set(weight, font);
  }
  return font;
}

/** Width of a line of text in pixels. */
export function textWidth(text: string, size: number, weight: Weight = 'normal'): number {
  const font = fontOf(weight);
  const units = [...text].reduce((sum, letter) => sum + font.charToGlyph(letter).advanceWidth!, 0);
  return (units * size) / font.unitsPerEm;
}

/** A line of text as the data of an SVG path; `x` is where it begins, `y` its baseline. */
export function textPath(
  text: string,
  x: number,
  y: number,
  size: number,
  weight: Weight = 'normal',
): string {
  const font = fontOf(weight);
  const scale = size / font.unitsPerEm;
  let at = x;
  const parts = [...text].map((letter) => {
    const glyph = font.charToGlyph(letter);
    const path = glyph.getPath(at, y, size).toPathData(2);
    at += glyph.advanceWidth! * scale;
    return path;
  });
  return parts.join('');
}
