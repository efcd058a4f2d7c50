// Sheets: pictures in a grid, with labels for rows and columns and lines below each. Where everything stands is known from
// sizes alone, so that a sheet that cannot be is refused before there is a picture.

import sharp, { type OverlayOptions, type SharpOptions } from 'sharp';
import { OptionError } from '../errors.js';
import { textPath, textWidth, type Weight } from './letters.js';

/** Interleaved 8-bit samples. */
export interface Samples {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

export interface Cell {
  /** A path, an encoded image or its samples; nothing leaves the place empty. */
  picture?: string | Buffer | Samples | undefined;
  /** Lines below it. */
  lines?: string[];
  /** Whether it is framed, as the best of its row is. */
  framed?: boolean;
}

export interface Sheet {
  title: string;
  /** A label for each column; it may have several lines. */
  columns: string[];
  rows: { label: string; cells: Cell[] }[];
}

interface Size {
  width: number;
  height: number;
}

/** More is no sheet that anybody looks at. */
const MOST = { side: 16384, pixels: 2 ** 26 };

const GAP = 10;
const LINE = 15;
const PAPER = '#ffffff';
const INK = '#222222';
const FRAME = '#d0401c';
const TITLE = 17;
const LABEL = 13;
const BELOW = 11;
/** Letters that are smaller cannot be read. */
const LEAST = 8;

/** Where things stand on a sheet whose cells hold pictures of `cell`'s size, with so many lines below each. */
function layoutOf({ columns, rows }: Sheet, cell: Size) {
  const lines = Math.max(0, ...rows.flatMap(({ cells }) => cells.map((one) => one.lines?.length ?? 0)));
  const count = Math.max(columns.length, ...rows.map(({ cells }) => cells.length));
  const labels = rows.flatMap(({ label }) => wrapped(label));
  const left = 2 * GAP + Math.ceil(Math.max(0, ...labels.map((line) => textWidth(line, LABEL, 'bold'))));
  const heads = Math.max(0, ...columns.map((label) => label.split('\n').length));
  const top = 34 + heads * (LABEL + 4) + (heads > 0 ? 4 : 0);
  const step = { x: cell.width + GAP, y: cell.height + GAP + lines * LINE };
  return { left, top, step, width: left + count * step.x, height: top + rows.length * step.y };
}

/**
 * The size of a sheet whose pictures are no larger than `cell`.
 *
 * @throws OptionError for one that is too large
 */
export function sheetSize(sheet: Sheet, cell: Size): Size {
  const { width, height } = layoutOf(sheet, cell);
  if (Math.max(width, height) > MOST.side || width * height > MOST.pixels) {
    throw new OptionError(
      'size',
      Math.max(cell.width, cell.height),
      `the sheet would be ${width} × ${height} pixels, more than ${MOST.side} on a side or ${MOST.pixels} together: make size smaller, or ask for fewer pictures`,
    );
  }
  return { width, height };
}

/**
 * Draws a sheet. Pictures stand as they are, unless they are larger than `cell`, into which they are then fitted.
 *
 * @throws OptionError for a sheet that is too large
 */
export async function drawSheet(sheet: Sheet, cell: Size): Promise<Samples> {
  const { width, height } = sheetSize(sheet, cell);
  const { left, top, step } = layoutOf(sheet, cell);
  const texts = [text(sheet.title, GAP, 24, width - 2 * GAP, TITLE, 'bold')];
  const frames: string[] = [];
  const pictures: OverlayOptions[] = [];
  for (const [i, label] of sheet.columns.entries()) {
    for (const [k, line] of label.split('\n').entries()) {
      const y = 34 + (k + 1) * (LABEL + 4) - 4;
      texts.push(text(line, left + i * step.x, y, cell.width, LABEL, 'bold', true));
    }
  }
  for (const [j, { label, cells }] of sheet.rows.entries()) {
    const y = top + j * step.y;
    for (const [k, line] of wrapped(label).entries())
      texts.push(text(line, GAP, y + LABEL + k * (LABEL + 4), left - GAP, LABEL, 'bold'));
    for (const [i, { picture, lines = [], framed }] of cells.entries()) {
      const x = left + i * step.x;
      const fitted = picture && (await fittedInto(picture, cell));
      const shown = fitted ? fitted.info.height : cell.height;
      for (const [k, line] of lines.entries())
        texts.push(text(line, x, y + shown + LINE * (k + 0.85), cell.width, BELOW, 'normal', true));
      if (!fitted) continue;
      const at = { left: x + Math.floor((cell.width - fitted.info.width) / 2), top: y };
      pictures.push({ input: fitted.data, raw: { ...fitted.info, channels: 3 }, ...at });
      if (framed) frames.push(frame(at, fitted.info));
    }
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path fill="${INK}" d="${texts.join('')}"/>${frames.join('')}</svg>`;
  const drawing: OverlayOptions = { input: Buffer.from(svg), left: 0, top: 0 };
  const { data } = await sharp({ create: { width, height, channels: 3, background: PAPER }, ...NO_LIMIT })
    .composite([...pictures, { ...drawing, ...NO_LIMIT }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width, height, channels: 3 };
}

/** Sizes are checked here. */
const NO_LIMIT: Pick<SharpOptions, 'limitInputPixels'> = { limitInputPixels: false };

function fittedInto(picture: NonNullable<Cell['picture']>, { width, height }: Size) {
  const image =
    typeof picture === 'string' || Buffer.isBuffer(picture)
      ? sharp(picture, NO_LIMIT)
      : sharp(picture.data, { raw: picture, ...NO_LIMIT });
  return image
    .flatten({ background: PAPER })
    .toColourspace('srgb')
    .resize(width, height, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
}

/** A line as a path: what is too long for its place is written smaller, and cut if that is not enough. */
function text(
  content: string,
  x: number,
  y: number,
  room: number,
  size: number,
  weight: Weight,
  centred = false,
): string {
  let line = content;
  const width = (at: number) => textWidth(line, at, weight);
  const fitted = Math.max(LEAST, Math.min(size, (size * room) / Math.max(1, width(size))));
  while (width(fitted) > room + 0.5 && line.length > 1) line = `${line.replace(/…$/, '').slice(0, -1)}…`;
  return textPath(line, centred ? x + (room - width(fitted)) / 2 : x, y, fitted, weight);
}

function frame({ left, top }: { left: number; top: number }, { width, height }: Size): string {
  return `<rect x="${left - 2}" y="${top - 2}" width="${width + 4}" height="${height + 4}" fill="none" stroke="${FRAME}" stroke-width="4"/>`;
}

/** A row's label in lines that are not long, broken where it says and at spaces, hyphens and plus signs. */
function wrapped(label: string, most = 14): string[] {
  return label.split('\n').flatMap((line) => {
    const parts: string[] = [];
    for (const word of line.split(/(?<=[ +-])/)) {
      const last = parts.at(-1);
      if (last !== undefined && last.length + word.length <= most) parts[parts.length - 1] = last + word;
      else parts.push(word);
    }
    return parts;
  });
}
