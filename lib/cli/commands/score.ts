// `scumble score`: how near pictures are to a style and a content, by measures that no run optimises.

import { type Command, Option } from 'commander';
import type { ScoreOptions } from '../../score/options.js';
import type { Scores } from '../../score/score.js';
import { ensureNetwork } from '../ensure-network.js';
import { parseNumber } from '../parse.js';
import { scoreTable } from '../score-table.js';
import { say } from '../talk.js';

interface ScoreFlags extends Omit<ScoreOptions, 'picture' | 'onWarning' | 'signal'> {
  json?: boolean;
}

const DESCRIPTION = `Says how near pictures are to a style and a content, by measures that no objective of Scumble's
has as its loss. Each is shown beside what the content image itself has, and a second crop of the style.

Examples:
  scumble score out.png --content river.jpg --style starry-night.jpg
  scumble score a.png b.png c.png --content river.jpg --style starry-night.jpg --json`;

const EXPLANATION = `
position: of style, palette and strength 0 is the content image unchanged, 1 a second
crop of the style; of content 1 is the content image, 0 the style laid over it.
docs/score.md says what each number is, and what it does not tell.`;

export function addScoreCommand(program: Command): void {
  program
    .command('score')
    .summary('say how near pictures are to a style and a content')
    .description(DESCRIPTION)
    .argument('<picture...>', 'pictures of one content and one style')
    .requiredOption('--content <image>', 'the image that they show')
    .requiredOption('--style <image>', 'the image that they are painted like')
    .option('--size <pixels>', 'long side to score at, 64..4096 (default: 512)', parseNumber)
    .option(
      '--weights <network>',
      'a network by name or a safetensors file\n(default: vgg19 if it is here, else vgg19-slim)',
    )
    .addOption(
      new Option('--no-download', 'do not download a network that is not here yet').default(true, ''),
    )
    .option('--device <name>', 'where to compute (default: auto)')
    .option('--threads <n>', 'threads of the CPU', parseNumber)
    .option('--max-pixels <pixels>', 'largest image that is read', parseNumber)
    .option('--json', 'as JSON')
    .addHelpText('after', EXPLANATION)
    .action(execute);
}

async function execute(picture: string[], { json, ...options }: ScoreFlags): Promise<void> {
  const { abortable } = await import('../interruption.js');
  await abortable('stopped: nothing is scored', async (signal) => {
    const found = await judge({ ...options, picture, signal });
    const lines = json ? [inJson(picture, options, found)] : scoreTable(picture, found.scores);
    process.stdout.write(`${lines.join('\n')}\n`);
  });
}

async function judge(options: ScoreOptions & { signal: AbortSignal }): Promise<Scores> {
  const [{ score }, { resolveScoreOptions }] = await Promise.all([
    import('../../score/score.js'),
    import('../../score/options.js'),
  ]);
  const { weights, download } = resolveScoreOptions(options);
  if (download && weights) await ensureNetwork(weights, options.signal);
  return score({ ...options, onWarning: ({ message }) => say(`scumble: ${message}`) });
}

function inJson(picture: string[], { content, style }: ScoreFlags, found: Scores): string {
  const { network, layers, scores } = found;
  const pictures = scores.map((one, i) => ({ picture: picture[i]!, ...one }));
  return JSON.stringify({ content, style, network, layers, pictures }, null, 2);
}
