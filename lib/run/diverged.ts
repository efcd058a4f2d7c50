// The one error that carries a picture, which no other part of the errors needs to know.

import { ScumbleError } from '../errors.js';
import type { Picture } from '../image/picture.js';

/** The total loss is no longer finite at `iteration`; `picture` is the last good one, at that scale's size. */
export class DivergedError extends ScumbleError {
  readonly iteration: number;
  readonly picture: Picture;
  constructor(message: string, iteration: number, picture: Picture) {
    super('ERR_DIVERGED', message);
    this.iteration = iteration;
    this.picture = picture;
  }
}
