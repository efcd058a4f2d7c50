// The drawings by name, and how many colours a file keeps where fewer than all of them look the same.
import { drawCat } from './cat.mjs';
import { drawCobbles } from './cobbles.mjs';
import { drawHatching } from './hatching.mjs';
import { drawImpasto } from './impasto.mjs';
import { drawLighthouse } from './lighthouse.mjs';
import { drawMosaic } from './mosaic.mjs';
import { drawNightSky } from './night-sky.mjs';
import { drawOwl } from './owl.mjs';
import { drawPortrait } from './portrait.mjs';
import { drawPoster } from './poster.mjs';
import { drawRiver } from './river.mjs';
import { drawWatercolour } from './watercolour.mjs';
import { drawWoodcut } from './woodcut.mjs';

export const pictures = {
  river: { draw: drawRiver },
  portrait: { draw: drawPortrait, colors: 192 },
  owl: { draw: drawOwl, colors: 256 },
  lighthouse: { draw: drawLighthouse, colors: 64 },
  cobbles: { draw: drawCobbles, colors: 128 },
  cat: { draw: drawCat, colors: 40 },
  'night-sky': { draw: drawNightSky },
  poster: { draw: drawPoster },
  impasto: { draw: drawImpasto, colors: 256 },
  woodcut: { draw: drawWoodcut, colors: 16 },
  watercolour: { draw: drawWatercolour, colors: 256 },
  mosaic: { draw: drawMosaic, colors: 256 },
  hatching: { draw: drawHatching, colors: 16 },
};
