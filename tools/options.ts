// Writes what is derived from the files in lib/options/topics: the list of them, the type StylizeOptions with its comments,
// docs/options.md and README's table. With --check it writes nothing, and fails if one of them is out of date.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, type Option } from 'commander';
import type { Description } from '../lib/options/describe.js';
import { TITLES, type Topic } from '../lib/options/option.js';

const check = process.argv.includes('--check');
write({ 'lib/options/topics.ts': await topics() });
// What follows is made of that list.
const { descriptions, flagOf, whatItIs } = await import('../lib/options/describe.js');
const { addStylizeFlags } = await import('../lib/cli/stylize-flags.js');
const options = descriptions();

/** Width of comments. */
const WIDTH = 110;

const code = (text: string) => `\`${text}\``;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The list of topics: by title, then by file. */
async function topics(): Promise<string> {
  const found: { file: string; name: string; title: number }[] = [];
  for (const file of readdirSync(path('lib/options/topics')).sort()) {
    const module: Record<string, Topic> = await import(`../lib/options/topics/${file}`);
    const [name, topic] = Object.entries(module).find(([, value]) => value?.options && value.terms)!;
    found.push({ file: file.replace(/ts$/, 'js'), name, title: TITLES.indexOf(topic.title) });
  }
  const imports = found.map(({ file, name }) => `import { ${name} } from './topics/${file}';`);
  const inOrder = found.sort((a, b) => a.title - b.title).map(({ name }) => `  ${name},`);
  return `// Made by \`npm run docs:options\` from the files in topics/.

${imports.join('\n')}

/** In the order of the help and the documents. */
export const TOPICS = [
${inOrder.join('\n')}
] as const;
`;
}

/** The default with plain values as code; `and` puts the command's own behind it. */
function defaultOf(option: Description, and = ''): string {
  if (option.default === undefined) return '';
  const said = option.byDefault ?? code(option.default);
  return typeof option.command === 'object' ? `${said}${and}` : said;
}

function stylizeOptions(): string {
  return `// Made by \`npm run docs:options\` from the topics in this folder: change those.

import type { ScumbleError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import type { Progress } from '../run/progress.js';
import type { ByScale } from './by-scale.js';
import type { LayerWeights } from './kinds.js';

/** The options of stylize(). */
export interface StylizeOptions {
${options.map(property).join('\n')}
}
`;
}

function property(option: Description): string {
  const { name, required, type, more } = option;
  const preset = defaultOf(option);
  const sentences = [capital(whatItIs(option)), ...(preset ? [`Default: ${preset}`] : [])];
  const comment = sentences.map((sentence) => `${sentence}.`).join(' ') + (more ? ` ${more}` : '');
  return `${docComment(comment)}\n  ${name}${required ? '' : '?'}: ${type};`;
}

function docComment(text: string): string {
  const line = `  /** ${text} */`;
  if (line.length <= WIDTH) return line;
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1)!.length + word.length + 6 > WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return ['  /**', ...lines.map((words) => `   *${words}`), '   */'].join('\n');
}

/** As Markdown, which takes `<` for the beginning of HTML, except in code. */
const escaped = (text: string) => text.replace(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part));
const row = (...cells: string[]) => `| ${cells.map(escaped).join(' | ')} |`;
const table = (heads: string[], rows: string[]) =>
  [row(...heads), row(...heads.map(() => '---')), ...rows].join('\n');

function readme(): string {
  const rows = options.map((option) => {
    const flag = option.command === 'argument' ? 'argument' : (flagOf(option) ?? '');
    const shown = flag.startsWith('--') ? code(flag) : flag;
    return row(code(option.name), shown, defaultOf(option, '; the command: yes'), whatItIs(option));
  });
  const before = readFileSync(path('README.md'), 'utf8');
  return before.replace(
    /(<!-- options: .*? -->\n).*?(<!-- end of options -->)/s,
    (_, begin, end) => `${begin}\n${table(['option', 'flag', 'default', ''], rows)}\n\n${end}`,
  );
}

function docsOptions(): string {
  const titles = [...new Set(options.map(({ title }) => title))];
  return `<!-- Made by \`npm run docs:options\` from lib/options: change that. -->

# Options

The API takes them as \`stylize({ … })\`, the command \`scumble <content> <style…>\` as flags.
${titles.map(section).join('')}
## The command's own

${table(
  ['flag', ''],
  ownFlags().map(({ flags, description }) => row(code(flags), description.replaceAll('\n', ' '))),
)}
`;
}

function section(title: string): string {
  const rows = options
    .filter((option) => option.title === title)
    .map((option) => {
      const about = `${capital(whatItIs(option))}.${option.more ? ` ${option.more}` : ''}`;
      return row(code(option.name), inCommand(option), defaultOf(option, '; the command: yes'), about);
    });
  return `\n## ${title}\n\n${table(['option', 'in the command', 'default', ''], rows)}\n`;
}

function inCommand(option: Description): string {
  const flag = flagOf(option);
  if (option.command === 'argument') return 'an argument';
  if (!flag) return '';
  return code(option.reads === 'switch' ? flag : `${flag} <${option.value}>`);
}

function ownFlags(): Option[] {
  const program = new Command();
  addStylizeFlags(program, '');
  const known = new Set(options.map(({ name }) => name));
  return program.options.filter((option) => !known.has(option.attributeName()));
}

function path(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

function write(made: Record<string, string>): void {
  for (const [file, wanted] of Object.entries(made)) {
    if (!check) writeFileSync(path(file), wanted);
    else if (readFileSync(path(file), 'utf8') !== wanted) {
      console.error(`${file} is out of date: npm run docs:options`);
      process.exitCode = 1;
    }
  }
}

write({
  'lib/options/stylize-options.ts': stylizeOptions(),
  'docs/options.md': docsOptions(),
  'README.md': readme(),
});
