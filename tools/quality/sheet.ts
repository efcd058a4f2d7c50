// Contact sheets: pictures in a grid with labels for rows and columns and a line or two below each, by sharp.

import sharp, { type OverlayOptions } from 'sharp';

export interface Cell {
  /** A path or an encoded image; nothing leaves the place empty. */
  picture?: string | Buffer | undefined;
  /** Lines below it. */
  lines?: string[];
  /** Whether it is framed, as the best of its row is. */
  framed?: boolean;
}

export interface Sheet {
  title: string;
  columns: string[];
  rows: { label: string; cells: Cell[] }[];
}

export interface SheetOptions {
  /** Side of the square that each picture is fitted into, in pixels. Default 256. */
  side?: number;
  /** Default `jpeg`. */
  format?: 'jpeg' | 'png';
}

const FONT = 'DejaVu Sans, Helvetica, Arial, sans-serif';
const GAP = 10;
const LINE = 15;
const LABEL = 120;
const PAPER = '#ffffff';
const INK = '#222222';
const FRAME = '#d0401c';

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

/** Draws a sheet and encodes it. */
export async function drawSheet(
  sheet: Sheet,
  { side = 256, format = 'jpeg' }: SheetOptions = {},
): Promise<Buffer> {
  const lines = Math.max(
    0,
    ...sheet.rows.flatMap(({ cells }) => cells.map((cell) => cell.lines?.length ?? 0)),
  );
  const columns = Math.max(sheet.columns.length, ...sheet.rows.map(({ cells }) => cells.length));
  const head = 34 + (sheet.columns.length > 0 ? 22 : 0);
  const step = { x: side + GAP, y: side + GAP + lines * LINE };
  const width = LABEL + columns * step.x + GAP;
  const height = head + sheet.rows.length * step.y + GAP;
  const texts: string[] = [text(GAP, 24, sheet.title, 17, 'bold')];
  const pictures: OverlayOptions[] = [];
  for (const [i, label] of sheet.columns.entries()) {
    texts.push(text(LABEL + i * step.x + side / 2, head - 6, label, 13, 'bold', 'middle'));
  }
  for (const [j, { label, cells }] of sheet.rows.entries()) {
    const top = head + j * step.y;
    for (const [k, part] of wrapped(label).entries())
      texts.push(text(GAP, top + 18 + k * 16, part, 13, 'bold'));
    for (const [i, cell] of cells.entries()) {
      const left = LABEL + i * step.x;
      for (const [k, line] of (cell.lines ?? []).entries()) {
        // What is too long for its place is written smaller.
        const fit = Math.min(11, (side + GAP - 2) / (0.6 * line.length));
        texts.push(text(left + side / 2, top + side + LINE * (k + 0.85), line, fit, 'normal', 'middle'));
      }
      if (!cell.picture) continue;
      const fitted = await sharp(cell.picture)
        .flatten({ background: PAPER })
        .resize(side, side, { fit: 'inside' })
        .toBuffer({ resolveWithObject: true });
      const at = {
        left: left + Math.floor((side - fitted.info.width) / 2),
        top: top + Math.floor((side - fitted.info.height) / 2),
      };
      pictures.push({ input: fitted.data, ...at });
      if (!cell.framed) continue;
      texts.push(
        `<rect x="${at.left - 2}" y="${at.top - 2}" width="${fitted.info.width + 4}" height="${fitted.info.height + 4}" fill="none" stroke="${FRAME}" stroke-width="4"/>`,
      );
    }
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join('')}</svg>`;
  const drawn = sharp({ create: { width, height, channels: 3, background: PAPER } }).composite([
    ...pictures,
    { input: Buffer.from(svg), left: 0, top: 0 },
  ]);
  return format === 'png'
    ? drawn.png({ compressionLevel: 9 }).toBuffer()
    : drawn.jpeg({ quality: 88 }).toBuffer();
}

function text(x: number, y: number, content: string, size: number, weight: string, anchor = 'start'): string {
  return `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${INK}">${escaped(content)}</text>`;
}

/** A row's label in lines that fit beside its pictures, broken at spaces, hyphens and plus signs. */
function wrapped(label: string, most = 14): string[] {
  const parts: string[] = [];
  for (const word of label.split(/(?<=[ +-])/)) {
    const last = parts.at(-1);
    if (last !== undefined && last.length + word.length <= most) parts[parts.length - 1] = last + word;
    else parts.push(word);
  }
  return parts;
}
