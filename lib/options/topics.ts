// Made by `npm run docs:options` from the files in topics/.

import { callbacks } from './topics/callbacks.js';
import { content } from './topics/content.js';
import { finish } from './topics/finish.js';
import { histogram } from './topics/histogram.js';
import { images } from './topics/images.js';
import { machine } from './topics/machine.js';
import { meanStd } from './topics/mean-std.js';
import { network } from './topics/network.js';
import { normalize } from './topics/normalize.js';
import { optimizer } from './topics/optimizer.js';
import { picture } from './topics/picture.js';
import { preset } from './topics/preset.js';
import { pyramid } from './topics/pyramid.js';
import { resizing } from './topics/resizing.js';
import { style } from './topics/style.js';
import { tv } from './topics/tv.js';

/** In the order of the help and the documents. */
export const TOPICS = [
  preset,
  images,
  finish,
  picture,
  content,
  histogram,
  meanStd,
  normalize,
  style,
  tv,
  network,
  pyramid,
  resizing,
  optimizer,
  machine,
  callbacks,
] as const;
