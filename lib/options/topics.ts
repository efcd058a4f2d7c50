// All options, by topic. One more is an entry in its topic's file; a new topic is a file, and a word here.

import * as z from 'zod';
import { callbacks } from './callbacks.js';
import { images } from './images.js';
import { machine } from './machine.js';
import { network } from './network.js';
import { objective } from './objective.js';
import { optimizer } from './optimizer.js';
import { picture } from './picture.js';
import { pyramid } from './pyramid.js';

/** In the order of the help and the documents. */
export const TOPICS = [images, picture, objective, network, pyramid, optimizer, machine, callbacks] as const;

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
type Options = Intersection<(typeof TOPICS)[number]['options']>;
type Shape = { [K in keyof Options]: Options[K] };

export const schema = z.strictObject(Object.assign({}, ...TOPICS.map(({ options }) => options)) as Shape);
