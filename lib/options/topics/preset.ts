// Which preset to begin from.

import { text } from '../kinds.js';
import { option, topic } from '../option.js';

export const preset = topic('Preset', {
  preset: option(text('a name or a path', /./s).optional(), {
    about: 'options to begin from: a preset by name (see scumble presets) or a JSON file of one',
    more: 'Whatever else is given takes the place of what it says. [presets.md](presets.md) says what each is.',
    byDefault: 'none',
    value: 'name',
  }),
});
