// Draws the three example pictures beside this file, or in another folder:
//   node examples/draw.mjs [--out FOLDER]
// Everything comes from fixed seeds, so each run writes the same bytes.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawNightSky } from './drawing/night-sky.mjs';
import { writePng } from './drawing/picture.mjs';
import { drawPoster } from './drawing/poster.mjs';
import { drawRiver } from './drawing/river.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: here } } });

const pictures = {
  'river.png': drawRiver,
  'night-sky.png': drawNightSky,
  'poster.png': drawPoster,
};

await mkdir(values.out, { recursive: true });
for (const [name, draw] of Object.entries(pictures)) {
  const file = path.join(values.out, name);
  const picture = await draw();
  await writePng(file, picture);
  console.log(`${file}  ${picture.width}x${picture.height}`);
}
