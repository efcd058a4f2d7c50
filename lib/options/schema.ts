// The schema of all options.

import * as z from 'zod';
import { TOPICS } from './topics.js';

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
type Options = Intersection<(typeof TOPICS)[number]['options']>;
type Shape = { [K in keyof Options]: Options[K] };

export const schema = z.strictObject(Object.assign({}, ...TOPICS.map(({ options }) => options)) as Shape);
