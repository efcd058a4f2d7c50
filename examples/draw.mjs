// Draws the pictures beside this file, or in another folder; all of them, or those that are named:
//   node examples/draw.mjs [--out FOLDER] [NAME ...]
// Everything comes from fixed seeds, so each run writes the same bytes.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writePng } from './drawing/picture.mjs';
import { pictures } from './drawing/pictures.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: here } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !(name in pictures));
if (unknown) throw new Error(`no picture is named ${unknown}: there are ${Object.keys(pictures).join(', ')}`);

await mkdir(values.out, { recursive: true });
for (const name of positionals.length > 0 ? positionals : Object.keys(pictures)) {
  const { draw, colors } = pictures[name];
  const file = path.join(values.out, `${name}.png`);
  const picture = await draw();
  await writePng(file, picture, colors);
  console.log(`${file}  ${picture.width}x${picture.height}`);
}
